package consumer

import (
	"context"
	"time"
)

const (
	// lookEvery is how often Temporal's backlog is looked at while messages
	// arrive: between two looks no more are taken than the last one left room for.
	lookEvery = 250 * time.Millisecond
	// lookTimeout bounds one look.
	lookTimeout = time.Second
)

// admission bounds what waits in Temporal. A message that waits in JetStream
// costs nothing; one that was handed on before a worker has time for it costs
// Temporal a task to store and to find again, and the processes that are under
// way wait behind it. So while as many tasks wait as the budget allows, no more
// messages are pulled.
//
// One goroutine uses it.
type admission struct {
	budget  int                                // tasks; 0 is no bound
	backlog func(context.Context) (int, error) // how many wait now
	room    int
	looked  time.Time
}

// admit waits until there is room, and returns for how many messages, at most
// most. It returns 0 when ctx is done. While the backlog cannot be learnt,
// everything is admitted: whether Temporal is away, its next call tells.
func (a *admission) admit(ctx context.Context, most int) int {
	if a.budget == 0 {
		return most
	}
	for ctx.Err() == nil {
		if time.Since(a.looked) >= lookEvery {
			a.room = a.look(ctx)
		}
		if a.room > 0 {
			return min(a.room, most)
		}
		pause(ctx, lookEvery)
	}
	return 0
}

// admitted notes that a message was pulled.
func (a *admission) admitted() { a.room-- }

func (a *admission) look(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	waiting, err := a.backlog(ctx)
	a.looked = time.Now()
	if err != nil {
		return a.budget
	}
	return a.budget - waiting
}
