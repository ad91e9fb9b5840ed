package customs

import "strings"

// Area returns the customs area that an address is in. Two addresses of one area
// have no customs border between them. Country is an ISO 3166-1 alpha-2 code;
// state (the ISO 3166-2 subdivision without the country) and postal code may be
// empty, and then the address is taken for one in the main part of its country.
//
// The area of a country that shares it with nobody is its own code.
func Area(country, state, postalCode string) string {
	parts := exceptions[country]
	if len(parts) == 0 {
		return areaOf(country)
	}
	code := compact(country, postalCode)
	for _, e := range parts {
		if (e.postcodes != nil && e.postcodes.has(code)) || (state != "" && contains(e.states, state)) {
			return areaOf(e.area)
		}
	}
	return areaOf(country)
}

// areaOf returns the area that a territory belongs to: its own, if no other.
func areaOf(territory string) string {
	if area, shared := members[territory]; shared {
		return area
	}
	return territory
}

// compact returns a postal code in upper case without its spaces and hyphens, and
// without the country's letters in front, which people write in cross-border mail.
func compact(country, postalCode string) string {
	code := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(postalCode))
	if country == "GB" { // No postal code begins with these letters.
		return strings.TrimPrefix(strings.TrimPrefix(code, "GB"), "UK")
	}
	for _, prefix := range []string{country, plates[country]} {
		rest, found := strings.CutPrefix(code, prefix)
		if found && prefix != "" && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return rest
		}
	}
	return code
}

// plates are the countries' letters on number plates, which stand before postal
// codes too: D-27498.
var plates = map[string]string{"DE": "D", "FR": "F", "IT": "I", "ES": "E", "FI": "FIN", "NO": "N"}

func contains(list string, item string) bool {
	for candidate := range strings.FieldsSeq(list) {
		if candidate == item {
			return true
		}
	}
	return false
}

// postcodes are prefixes of postal codes, as compact writes them.
type postcodes []string

func (p postcodes) has(code string) bool {
	for _, prefix := range p {
		if code != "" && strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}
