package shipment_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment"
)

// TestDigestIsThatOfTheJSON compares with encoding/json, for shipments whose members
// are there or not at random. A new member that the digest does not have fails it.
func TestDigestIsThatOfTheJSON(t *testing.T) {
	t.Parallel()
	requireDigest := func(s shipment.Shipment) {
		canonical, err := json.Marshal(&s)
		require.NoError(t, err)
		sum := sha256.Sum256(canonical)
		require.Equal(t, hex.EncodeToString(sum[:]), s.Digest(), string(canonical))
	}
	requireDigest(shipment.Shipment{})
	requireDigest(shipment.Shipment{Legs: []shipment.Leg{}, Packages: []shipment.Package{}, Goods: []shipment.Goods{}, Customs: &shipment.Customs{}})
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var s shipment.Shipment
		fill(random, reflect.ValueOf(&s).Elem())
		requireDigest(s)
	}
}

// fill gives a value members at random, a third of them empty.
func fill(random *rand.Rand, v reflect.Value) {
	texts := []string{"a", "Ünï", `"`, `\`, "<&>", "\u2028", "\x00\n\t", "\x7f", "\xff", "\ufffd", "山田", "😀", "1"}
	if v.Kind() != reflect.Struct && random.IntN(3) == 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		text := ""
		for range 1 + random.IntN(3) {
			text += texts[random.IntN(len(texts))]
		}
		v.SetString(text)
	case reflect.Int:
		v.SetInt(random.Int64N(2000) - 1000)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), random.IntN(4), 4))
		for i := range v.Len() {
			fill(random, v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(random, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(random, v.Field(i))
		}
	default:
		panic("a member of another kind: " + v.Type().String())
	}
}
