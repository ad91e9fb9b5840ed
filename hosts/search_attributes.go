package hosts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc/codes"

	"shipments/activities/pace"
	"shipments/consumer"
	"shipments/workflows"
)

// SearchAttributes are the custom search attributes of processes, if the namespace
// has them: one is set at the start, the other where a process ends other than in
// success.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		consumer.CategoryAttribute: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		workflows.OutcomeAttribute: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	}
}

// attributeNames are their names, sorted.
func attributeNames() []string { return slices.Sorted(maps.Keys(SearchAttributes())) }

// EnsureSearchAttributes adds the search attributes to the namespace if they
// are missing. It is idempotent. An error for which a retry soon is useless is a
// [*SearchAttributeError].
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	failed := func(missing []string, err error) error {
		if !isRefusal(err) {
			return fmt.Errorf("prepare the search attributes of namespace %s: %w", namespace, err)
		}
		return &SearchAttributeError{Missing: missing, namespace: namespace, err: err}
	}
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return failed(nil, err)
	}
	var refused []string
	var refusal error
	for _, name := range attributeNames() {
		want := SearchAttributes()[name]
		kind, ok := have.GetCustomAttributes()[name]
		switch {
		case ok && kind == want:
		case ok:
			refused, refusal = append(refused, name), fmt.Errorf("%s is there with the type %s", name, kind)
		default:
			// One by one: a limit may leave room for some of them.
			_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
				Namespace: namespace, SearchAttributes: map[string]enumspb.IndexedValueType{name: want},
			})
			var exists *serviceerror.AlreadyExists
			if err != nil && !errors.As(err, &exists) {
				if refused, refusal = append(refused, name), err; !isRefusal(err) {
					return failed(refused, err)
				}
			}
		}
	}
	if refusal == nil {
		return nil
	}
	return &SearchAttributeError{Missing: refused, namespace: namespace, err: refusal}
}

// isRefusal reports whether a server has answered a call with an error that is no
// outage: this client may not do it, or a limit is reached.
func isRefusal(err error) bool {
	switch serviceerror.ToStatus(err).Code() {
	case codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented, codes.InvalidArgument, codes.FailedPrecondition, codes.Internal:
		return true
	default:
		return false
	}
}

// SearchAttributeError says that the namespace lacks search attributes, which this
// client cannot add, or that it cannot find out.
type SearchAttributeError struct {
	// Missing are those that are missing, or have the wrong type. None: this client may
	// not ask.
	Missing   []string
	namespace string
	err       error
}

func (e *SearchAttributeError) Error() string {
	if len(e.Missing) == 0 {
		return fmt.Sprintf("whether namespace %s has the search attributes %s cannot be found out: %v", e.namespace, strings.Join(attributeNames(),
			", "), e.err)
	}
	return fmt.Sprintf("namespace %s has no search attribute %s, and it cannot be added: %v", e.namespace, strings.Join(e.Missing, ", "), e.err)
}

func (e *SearchAttributeError) Unwrap() error { return e.err }

// Remedy is what an operator with more rights does.
func (e *SearchAttributeError) Remedy() string {
	names := e.Missing
	if len(names) == 0 {
		names = attributeNames()
	}
	return SearchAttributesRemedy(e.namespace, names)
}

// SearchAttributesRemedy is what adds search attributes to a namespace. Temporal bounds
// how many of a type there are: ten, by default.
func SearchAttributesRemedy(namespace string, names []string) string {
	return fmt.Sprintf("add it with `temporal operator search-attribute create --namespace %[1]s --name %[2]s --type Keyword`; "+
		"if there are too many of that type, first remove what nobody uses (`temporal operator search-attribute list --namespace %[1]s`)",
		namespace, strings.Join(names, " --type Keyword --name "))
}

// searchable has the search attributes that processes do without. The zero value
// assumes that there are all. It is safe for concurrent use.
type searchable struct{ without atomic.Pointer[[]string] }

// lacking are the attributes that are done without.
func (s *searchable) lacking() []string {
	if names := s.without.Load(); names != nil {
		return *names
	}
	return nil
}

// load reports whether processes are started with their category.
func (s *searchable) load() bool { return !slices.Contains(s.lacking(), consumer.CategoryAttribute) }

// outcome reports whether processes that end other than in success can say so.
func (s *searchable) outcome() bool { return !slices.Contains(s.lacking(), workflows.OutcomeAttribute) }

// prepareTemporal adds the search attributes. It is idempotent. What cannot be had
// is done without: processes are started without them, which is logged and a
// warning in readiness.
func (rt *runtime) prepareTemporal(ctx context.Context) error {
	return rt.settleSearchAttributes(EnsureSearchAttributes(ctx, rt.temporal, rt.config.TemporalNamespace), false)
}

// searchAttributesRefused is called when Temporal has refused to start a process
// as it is, most likely for its search attributes.
func (rt *runtime) searchAttributesRefused(ctx context.Context) error {
	return rt.settleSearchAttributes(EnsureSearchAttributes(ctx, rt.temporal, rt.config.TemporalNamespace), true)
}

// settleSearchAttributes decides by the result of [EnsureSearchAttributes] whether
// processes are started with them. It returns an error that is worth a retry.
func (rt *runtime) settleSearchAttributes(result error, refused bool) error {
	const subject = subjectSearchAttributes
	var cannot *SearchAttributeError
	switch {
	case result == nil:
		rt.searchable.without.Store(nil)
		if rt.loops.warn(subject, "") {
			rt.log.Info().Msg("Processes are started with their search attributes again")
		}
		return nil
	case !errors.As(result, &cannot):
		return result
	}
	switch {
	case refused:
		all := attributeNames()
		rt.searchable.without.Store(&all)
	case len(cannot.Missing) > 0:
		rt.searchable.without.Store(&cannot.Missing)
	}
	text := cannot.Error() + "; " + cannot.Remedy()
	if without := rt.searchable.lacking(); len(without) > 0 {
		text = "processes are started without search attributes: " + text
	}
	if rt.loops.warn(subject, text) {
		rt.log.Warn().Str("remedy", cannot.Remedy()).Strs("without", rt.searchable.lacking()).Err(cannot).Msg("A search attribute cannot be had")
	}
	return nil
}

// searchAttributeInterval is how often search attributes that could not be had
// are looked for again.
const searchAttributeInterval = time.Minute

// keepSearchable looks for search attributes that are done without, until ctx is
// done: an operator may have added them.
func (rt *runtime) keepSearchable(ctx context.Context) {
	for pace.Sleep(ctx, searchAttributeInterval) {
		if len(rt.searchable.lacking()) == 0 {
			continue
		}
		if err := rt.prepareTemporal(ctx); err != nil {
			rt.log.Debug().Err(err).Msg("The search attributes cannot be looked for")
		}
	}
}
