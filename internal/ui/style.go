package ui

import "fmt"

// Style colours text, or leaves it alone where colour is off. The colours are
// the sixteen of the terminal's own theme.
type Style struct{ on bool }

// Bold is for what the eye should find first.
func (s Style) Bold(text string) string { return s.sgr("1", text) }

// Dim is for what may be skipped.
func (s Style) Dim(text string) string { return s.sgr("2", text) }

// Good, Warn and Bad are green, yellow and red.
func (s Style) Good(text string) string { return s.sgr("32", text) }

// Warn is yellow.
func (s Style) Warn(text string) string { return s.sgr("33", text) }

// Bad is red.
func (s Style) Bad(text string) string { return s.sgr("31", text) }

func (s Style) sgr(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Status colours an HTTP status by its class.
func (s Style) Status(code int) string {
	text := fmt.Sprint(code)
	switch {
	case code >= 500:
		return s.Bad(text)
	case code >= 400:
		return s.Warn(text)
	default:
		return s.Good(text)
	}
}

// Bytes writes a size for a person, in units of 1000 as registries and disks
// count: "2.4 MB".
func Bytes(n int64) string {
	const kilo = 1000
	if n < kilo {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/kilo, "kB"
	for _, next := range []string{"MB", "GB"} {
		if value < kilo {
			break
		}
		value, unit = value/kilo, next
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
