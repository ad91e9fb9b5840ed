package hosts

// Nearest returns the candidate that takes the fewest insertions, deletions,
// replacements and swaps of neighbours to make out of a word, the first one of
// several. It returns "" if none resembles the word: if that would change more
// than a third of the longer one.
func Nearest(word string, candidates []string) string {
	nearest, least := "", 0
	for _, c := range candidates {
		d := distance(word, c)
		if 3*d <= max(len(word), len(c)) && (nearest == "" || d < least) {
			nearest, least = c, d
		}
	}
	return nearest
}

// distance is the Levenshtein distance of two strings of ASCII, with a swap of
// neighbours as one change.
func distance(a, b string) int {
	// Row i has the distances of a[:i] to every b[:j].
	var beforeLast []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], beforeLast[j-2]+1)
			}
		}
		beforeLast, last = last, row
	}
	return last[len(b)]
}
