package phone

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// E.164 allows 15 digits. No number has fewer than seven with its calling code.
const minDigits, maxDigits = 7, 15

// Parse reads a telephone number, and returns it in E.164: "+442071234567". The
// number may be written as abroad ("+44 (0)20 7123 4567", "0044 20…") or, for a
// number of country (ISO 3166-1 alpha-2), as at home ("020 7123 4567"). Spaces,
// dots, hyphens, slashes and brackets mean nothing.
//
// It is false for what is no such number: one with an extension or letters, one of
// an unknown calling code, one with too few or too many digits for its country.
// Whether a number is assigned to anybody is not looked at.
func Parse(text, country string) (e164 string, valid bool) {
	if IsE164(text) {
		return text, true
	}
	digits, abroad, valid := clean(text)
	if !valid {
		return "", false
	}
	if !abroad {
		digits, abroad = withoutExit(digits, country)
	}
	if abroad {
		e164 = "+" + withoutTrunk(digits)
		return e164, IsE164(e164)
	}
	return atHome(digits, country)
}

// IsE164 reports whether text is a number in E.164 whose calling code exists, and
// which has as many digits as numbers of that calling code.
func IsE164(text string) bool {
	digits, found := strings.CutPrefix(text, "+")
	if !found || len(digits) < minDigits || len(digits) > maxDigits || !isDigits(digits) {
		return false
	}
	for _, p := range plansAbroad(digits) {
		if p.fits(digits[len(p.code):]) {
			return true
		}
	}
	return false
}

// plan is how the numbers of a country, or of a service, are made.
type plan struct {
	code     string // calling code
	trunk    string // stands before a number that is dialled at home; may be empty
	min, max int    // digits without the calling code
}

func (p plan) fits(national string) bool { return len(national) >= p.min && len(national) <= p.max }

// byCountry and byCode are all plans. A country has two where two trunk prefixes
// are in use.
var byCountry, byCode = func() (countries, codes map[string][]plan) {
	countries, codes = map[string][]plan{}, map[string][]plan{}
	// The longest trunk prefix comes first.
	for _, trunk := range slices.Backward(slices.Sorted(maps.Keys(plans))) {
		for row := range strings.SplitSeq(plans[trunk], ";") {
			fields := strings.Fields(row)
			least, most, _ := strings.Cut(fields[2], "-")
			p := plan{code: fields[1], trunk: trunk, min: number(least), max: number(most)}
			countries[fields[0]] = append(countries[fields[0]], p)
			if !slices.Contains(codes[p.code], p) {
				codes[p.code] = append(codes[p.code], p)
			}
		}
	}
	for code := range strings.FieldsSeq(nonGeographic) {
		codes[code] = []plan{{code: code, min: 1, max: maxDigits}}
	}
	return countries, codes
}()

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err) // Every test of this package finds it.
	}
	return n
}

// plansAbroad are the plans of the calling code that digits begin with. No calling
// code is the beginning of another.
func plansAbroad(digits string) []plan {
	for n := 1; n <= min(3, len(digits)); n++ {
		if found := byCode[digits[:n]]; found != nil {
			return found
		}
	}
	return nil
}

// clean returns the digits of a number alone, and whether a plus stands before
// them. "(0)" behind a plus, which is dialled at home only, goes. Digits of other
// scripts become ASCII.
func clean(text string) (digits string, plus, valid bool) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "tel:"))
	text, plus = cutPlus(text)
	if plus {
		text = strings.Replace(text, "(0)", "", 1)
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '٠' && r <= '٩':
			b.WriteRune(r - '٠' + '0')
		case r >= '۰' && r <= '۹':
			b.WriteRune(r - '۰' + '0')
		case r >= '０' && r <= '９':
			b.WriteRune(r - '０' + '0')
		case strings.ContainsRune(" .-–‑/()（）－", r):
		default:
			return "", false, false
		}
	}
	return b.String(), plus, b.Len() > 0
}

func cutPlus(text string) (rest string, plus bool) {
	for _, sign := range []string{"+", "＋", "(+"} {
		if rest, plus = strings.CutPrefix(text, sign); plus {
			return rest, true
		}
	}
	return text, false
}

// withoutExit cuts off what is dialled before a calling code.
func withoutExit(digits, country string) (rest string, abroad bool) {
	for exit, countries := range exits {
		if rest, abroad = strings.CutPrefix(digits, exit); abroad && containsWord(countries, country) {
			return rest, true
		}
	}
	return strings.CutPrefix(digits, "00")
}

// withoutTrunk removes a trunk prefix behind the calling code, which is dialled at
// home only, if the number is too long with it.
func withoutTrunk(digits string) string {
	candidates := plansAbroad(digits)
	for _, p := range candidates {
		if p.fits(digits[len(p.code):]) {
			return digits
		}
	}
	for _, p := range candidates {
		national, found := strings.CutPrefix(digits[len(p.code):], p.trunk)
		if found && p.fits(national) {
			return p.code + national
		}
	}
	return digits
}

// atHome reads a number as it is dialled within its country: with the trunk prefix,
// or without it. Some write the calling code without a plus.
func atHome(digits, country string) (e164 string, valid bool) {
	for _, p := range byCountry[country] {
		national, found := strings.CutPrefix(digits, p.trunk)
		if found && p.trunk != "" && p.fits(national) {
			return p.e164(national)
		}
	}
	for _, p := range byCountry[country] {
		national, found := strings.CutPrefix(digits, p.code)
		switch {
		case p.fits(digits):
			return p.e164(digits)
		case found && p.fits(national):
			return p.e164(national)
		}
	}
	return "", false
}

func (p plan) e164(national string) (e164 string, valid bool) {
	e164 = "+" + p.code + national
	return e164, IsE164(e164)
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func containsWord(list, word string) bool {
	for candidate := range strings.FieldsSeq(list) {
		if candidate == word {
			return true
		}
	}
	return false
}
