// Package suggest finds the word that a mistyped word was meant to be. Messages
// about languages, templates and configuration keys use it for "did you mean".
package suggest

// maxLength is the longest word, in bytes, that is compared. A longer one is no
// typing error, and the comparison takes time in the square of the length.
const maxLength = 64

// Nearest returns the candidate that is nearest to word, or "" when none is
// near: at most a third of the word's letters may differ, and always one. Of
// equally near candidates the first one wins.
func Nearest(word string, candidates []string) string {
	if len(word) > maxLength {
		return ""
	}
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if len(c) > maxLength {
			continue
		}
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours that turn a into b (optimal string alignment), in bytes. Case does
// not count.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	previous := make([]int, len(b)+1)
	current := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if lower(a[i-1]) == lower(b[j-1]) {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && lower(a[i-1]) == lower(b[j-2]) && lower(a[i-2]) == lower(b[j-1]) {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
