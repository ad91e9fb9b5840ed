// Keeps a page up to date: the server says when something has changed, and the page
// is fetched again. Without this script, the page is as it was when it was loaded.
(() => {
  "use strict";
  const pulse = document.getElementById("pulse");
  const source = new EventSource(document.body.dataset.live);
  const tell = (text, state) => { pulse.textContent = text; pulse.className = state; };
  let busy = false;
  let again = false;

  let held = false;

  // Whoever is typing, clicking, selecting, or reads what they have opened, is not disturbed.
  const occupied = () =>
    held ||
    document.querySelector("main details[open]") !== null ||
    !getSelection().isCollapsed ||
    (document.activeElement && document.activeElement.closest("main form") !== null);

  async function refresh() {
    if (busy) { again = true; return; }
    if (document.hidden || occupied()) { again = true; return; }
    busy = true;
    again = false;
    try {
      const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (reply.ok) {
        const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
        const focused = document.activeElement && document.activeElement.getAttribute("href");
        if (!occupied()) {
          document.getElementById("main").replaceChildren(...fresh.getElementById("main").childNodes);
          tell("live, " + fresh.getElementById("pulse").textContent, "live");
          if (focused) {
            const same = [...document.querySelectorAll("main a")].find((a) => a.getAttribute("href") === focused);
            if (same) { same.focus({ preventScroll: true }); }
          }
        }
      }
    } catch {
      tell("not connected", "lost");
    } finally {
      busy = false;
    }
    if (again && !document.hidden && !occupied()) { refresh(); }
  }
  source.addEventListener("changed", refresh);
  source.addEventListener("error", () => tell("not connected", "lost"));
  // What happened since the page was made, or since the connection broke, is fetched.
  source.addEventListener("open", () => { tell("live", "live"); refresh(); });
  document.addEventListener("pointerdown", () => { held = true; });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => setTimeout(() => { held = false; if (again) { refresh(); } }, 100));
  }
  document.addEventListener("visibilitychange", () => { if (again) { refresh(); } });
  document.addEventListener("focusout", () => { if (again) { setTimeout(refresh, 0); } });
  document.addEventListener("toggle", () => { if (again) { refresh(); } }, true);
})();
