package index

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The set of beginnings never hides what a look at the words finds.
func TestPrefixesHideNothing(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	letters := []rune("abAB1-_sSkKſKéÉ\u0130ı ß")
	word := func(most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteRune(letters[random.IntN(len(letters))])
		}
		return b.String()
	}
	found, hidden := 0, 0
	for range 200_000 {
		r := record{words: "1" + word(5), idLength: 1}
		r.setWords(word(20), []string{word(20), word(3)})
		text := word(4)
		if random.IntN(2) == 0 { // A beginning of one of the words, in another case.
			words := strings.Split(r.words, separator)
			one := words[random.IntN(len(words))]
			text = strings.ToUpper(one[:random.IntN(len(one)+1)])
		}
		if text == "" {
			continue // There is no search.
		}
		f := filter{text: text, probe: probeOf(text)}
		may := r.begins.mayHave(&f.probe)
		if f.matchesText(&r) {
			found++
			require.True(t, may, "seed %d: %q in %q", seed, text, r.words)
		}
		if !may {
			hidden++
		}
	}
	require.Greater(t, found, 10_000)
	require.Greater(t, hidden, 10_000)
}
