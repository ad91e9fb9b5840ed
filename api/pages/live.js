// Keeps a page up to date: the server says when something has changed, and the page
// is fetched again. Without this script, the page is as it was when it was loaded.
(() => {
  "use strict";
  const pulse = document.getElementById("pulse");
  let source = null;
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
    if (document.hidden) { again = true; return; }
    if (occupied()) {
      again = true;
      tell("changed; shown once nothing is open or typed", "live");
      return;
    }
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
  // A page that nobody sees follows nothing: browsers make few connections to one server.
  function connect() {
    if (source || document.hidden) { return; }
    source = new EventSource(document.body.dataset.live);
    source.addEventListener("changed", refresh);
    // What happened since the page was made, or since the connection broke, is fetched.
    source.addEventListener("open", () => { tell("live", "live"); refresh(); });
    source.addEventListener("error", () => {
      tell("not connected", "lost");
      if (source.readyState === EventSource.CLOSED) { // The browser gives up on an answer that is no stream.
        source = null;
        setTimeout(connect, 5000);
      }
    });
  }
  function disconnect() {
    if (source) { source.close(); source = null; }
  }
  document.addEventListener("pointerdown", () => { held = true; });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => setTimeout(() => { held = false; if (again) { refresh(); } }, 100));
  }
  document.addEventListener("visibilitychange", () => { if (document.hidden) { disconnect(); } else { connect(); } });
  // A page in the history of its tab holds no connection either.
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  document.addEventListener("focusout", () => { if (again) { setTimeout(refresh, 0); } });
  document.addEventListener("toggle", () => { if (again) { refresh(); } }, true);
  connect();
})();
