package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"shipments/shipment"
	"shipments/shipment/emulation"
	"shipments/shipment/sample"
	"shipments/workflows"
)

// marked collects the values of the search attribute of a bundle's processes.
func (b *bundle) marked() *[]string {
	values := new([]string)
	key := temporal.NewSearchAttributeKeyKeyword(workflows.OutcomeAttribute)
	b.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		attributes, _ := args.Get(0).(temporal.SearchAttributes)
		value, _ := attributes.GetKeyword(key)
		*values = append(*values, value)
	}).Return(nil)
	return values
}

func TestProcessMarksAnOutcomeThatIsNoSuccess(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, composition string) {
		for _, test := range []struct {
			ending emulation.Ending
			cancel bool
			want   []string
		}{
			{ending: emulation.Succeeds},
			{ending: emulation.DeclinesManifestation, want: []string{string(shipment.Failed)}},
			{ending: emulation.DeclinesCollection, want: []string{string(shipment.Failed)}},
			{ending: emulation.Succeeds, cancel: true, want: []string{string(shipment.Cancelled)}},
		} {
			for _, marks := range []bool{true, false} {
				b := setup(t, composition)
				b.settings.MarksOutcome = marks
				values := b.marked()
				id := emulation.NewID(emulation.International, "outcome", test.ending)
				if test.cancel {
					b.request(2*time.Second, cancellation("c-1", id))
				}
				b.run(t, created("e-1", sample.Shipment(id, now)))
				if !marks {
					require.Empty(t, *values, "the namespace has no such attribute")
					continue
				}
				require.Equal(t, test.want, *values, test.ending)
			}
		}
	})
}
