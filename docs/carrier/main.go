// Command carrier is an example: a carrier's service that keeps every rule of the
// carrier API (activities/carriers/openapi.yaml). It keeps everything in memory,
// where a real one has a database.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"time"
)

// reply is the answer to a call, which its key has for good.
type reply struct {
	Status  int             `json:"status"`
	Body    json.RawMessage `json:"body"`
	request string
}

// call has the members of all four calls that this carrier looks at.
type call struct {
	ShipmentID string            `json:"shipmentId"`
	Leg        int               `json:"leg"`
	Attempt    int               `json:"attempt"`
	Packages   []json.RawMessage `json:"packages"`
}

type carrier struct {
	token   string
	mu      sync.Mutex
	replies map[string]reply // by Idempotency-Key
	undone  map[string]bool  // legs and bookings that were taken back
	parcels int
}

func newCarrier(token string) http.Handler {
	c := &carrier{token: token, replies: map[string]reply{}, undone: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/manifestations", c.once(c.manifest))
	mux.HandleFunc("POST /v1/manifestation-voids", c.once(func(r call) (int, any) { return c.undo(leg(r)) }))
	mux.HandleFunc("POST /v1/collections", c.once(c.book))
	mux.HandleFunc("POST /v1/collection-cancellations", c.once(func(r call) (int, any) { return c.undo(booking(r)) }))
	mux.HandleFunc("GET /v1/results", c.result)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.token != "" && r.Header.Get("Authorization") != "Bearer "+c.token {
			send(w, http.StatusUnauthorized, fault("401: the token is missing or wrong"))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func leg(r call) string     { return fmt.Sprintf("%s leg %d", r.ShipmentID, r.Leg) }
func booking(r call) string { return fmt.Sprintf("%s booking %d", r.ShipmentID, r.Attempt) }

func (c *carrier) manifest(r call) (int, any) {
	if c.undone[leg(r)] { // The void overtook the manifestation.
		return http.StatusUnprocessableEntity, fault("7: it was voided before")
	}
	numbers := make([]string, max(1, len(r.Packages))) // One for each package.
	for i := range numbers {
		c.parcels++
		numbers[i] = fmt.Sprintf("EX%09d", c.parcels)
	}
	return http.StatusOK, map[string]any{"trackingNumbers": numbers}
}

func (c *carrier) book(r call) (int, any) {
	if c.undone[booking(r)] {
		return http.StatusUnprocessableEntity, fault("8: it was cancelled before")
	}
	return http.StatusOK, map[string]any{"bookingReference": booking(r)}
}

func (c *carrier) undo(what string) (int, any) {
	c.undone[what] = true
	return http.StatusOK, map[string]any{}
}

// once makes a call the first time that its key arrives, and repeats its answer
// later. The lock makes calls with the same key wait for each other.
func (c *carrier) once(do func(call) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		var request call
		if key == "" || err != nil || json.Unmarshal(body, &request) != nil {
			send(w, http.StatusBadRequest, fault("400: an Idempotency-Key and a JSON body are needed"))
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		known, ok := c.replies[key]
		if ok && known.request != string(body) {
			send(w, http.StatusUnprocessableEntity, fault("422: the key belongs to another call"))
			return
		}
		if !ok { // Effect and reply have to be one transaction in a database.
			status, answer := do(request)
			text, _ := json.Marshal(answer)
			known = reply{Status: status, Body: text, request: string(body)}
			c.replies[key] = known
		}
		send(w, known.Status, known.Body)
	}
}

func (c *carrier) result(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.replies[r.URL.Query().Get("key")]; ok {
		send(w, http.StatusOK, known)
		return
	}
	send(w, http.StatusNotFound, fault("404: no call had this key"))
}

func fault(text string) any {
	return map[string]any{"description": "The call was declined", "errors": []string{text}}
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // an error means that the client is gone
}

func main() {
	server := &http.Server{Addr: "127.0.0.1:43221", Handler: newCarrier(os.Getenv("CARRIER_TOKEN")), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
