package shipment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"shipments/shipment/phone"
	"shipments/shipment/text"
)

// What is wrong with a number or a code is a sentence that says what would be
// right; nothing if it is valid. The values are normalised.

// maxEmail is the length of the longest address in the path of an SMTP message (RFC
// 5321, section 4.5.3.1.3).
const maxEmail = 254

func wrongHSCode(code string) string {
	const minDigits, maxDigits = 6, 12
	if len(code) >= minDigits && len(code) <= maxDigits && isDigits(code) {
		return ""
	}
	return fmt.Sprintf("%q is not an HS code: use 6 to 12 digits, with or without dots and spaces, such as 6403.99", text.Clip(code, maxShown))
}

func wrongState(state, country string) string {
	const maxLetters = 3
	if len(state) <= maxLetters && strings.Trim(state, capitals+decimals) == "" {
		return ""
	}
	if code, found := strings.CutPrefix(state, country+"-"); found && wrongState(code, country) == "" {
		return fmt.Sprintf("%q has the country in front: use %q", text.Clip(state, maxShown), code)
	}
	return fmt.Sprintf("%q is not a subdivision: use the ISO 3166-2 code in capitals without the country, such as CA for California", text.Clip(state, maxShown))
}

func wrongPhone(number string) string {
	if phone.IsE164(number) {
		return ""
	}
	return fmt.Sprintf("%q is not a telephone number: use one such as +442071234567, without an extension", text.Clip(number, maxShown))
}

// emailPattern is what every address has: something, an at sign, and a domain with a
// dot. Only the mail server knows more.
var emailPattern = regexp.MustCompile(`^[^\s@<>,;:"()\[\]\\]{1,64}@([^\s@<>,;:"()\[\]\\.]+\.)+[^\s@<>,;:"()\[\]\\.]{2,}$`)

func wrongEmail(address string) string {
	if len(address) <= maxEmail && emailPattern.MatchString(address) && !strings.HasPrefix(address, ".") &&
		!strings.Contains(address, "..") && !strings.Contains(address, ".@") {
		return ""
	}
	return fmt.Sprintf("%q is not an email address: use one such as ada@example.com, without a name", text.Clip(address, maxShown))
}

// taxNumber is how a country writes its numbers for value-added tax.
type taxNumber struct {
	pattern *regexp.Regexp
	example string
}

// taxNumbers are by their prefix, which is the country but for Greece (EL) and
// Northern Ireland (XI). Those of the European Union are those of its VIES
// (https://ec.europa.eu/taxation_customs/vies/, "VAT number structure").
var taxNumbers = sync.OnceValue(func() map[string]taxNumber {
	const rows = `AT U\d{8} U12345678; BE [01]\d{9} 0123456789; BG \d{9,10} 123456789; CY \d{8}[A-Z] 12345678X
		CZ \d{8,10} 12345678; DE \d{9} 123456789; DK \d{8} 12345678; EE \d{9} 123456789; EL \d{9} 123456789
		ES [A-Z0-9]\d{7}[A-Z0-9] X12345678; FI \d{8} 12345678; FR [A-Z0-9]{2}\d{9} 12345678901; HR \d{11} 12345678901
		HU \d{8} 12345678; IE \d[A-Z0-9+*]\d{5}[A-Z]{1,2} 1234567X; IT \d{11} 12345678901; LT \d{9}(\d{3})? 123456789
		LU \d{8} 12345678; LV \d{11} 12345678901; MT \d{8} 12345678; NL [A-Z0-9+*]{10}\d{2} 123456789B01; PL \d{10} 1234567890
		PT \d{9} 123456789; RO \d{2,10} 1234567890; SE \d{12} 123456789001; SI \d{8} 12345678; SK \d{10} 1234567890
		GB (\d{9}|\d{12}|(GD|HA)\d{3}) 123456789; XI (\d{9}|\d{12}|(GD|HA)\d{3}) 123456789
		CH E?\d{9}(MWST|TVA|IVA)? E123456789; NO \d{9}(MVA)? 123456789MVA`
	table := map[string]taxNumber{}
	for row := range strings.FieldsFuncSeq(rows, func(r rune) bool { return r == ';' || r == '\n' }) {
		fields := strings.Fields(row)
		table[fields[0]] = taxNumber{regexp.MustCompile(`^` + fields[1] + `$`), fields[0] + fields[2]}
	}
	return table
})

func wrongVATNumber(number string) string {
	const minLength, maxLength = 4, 20
	shown := text.Clip(number, maxShown)
	if len(number) < minLength || len(number) > maxLength || strings.Trim(number, capitals+decimals+"+*") != "" {
		return fmt.Sprintf("%q is not a VAT number: use the country's prefix and its number, such as DE123456789", shown)
	}
	prefix, rest := number[:2], number[2:]
	known, found := taxNumbers()[prefix]
	switch {
	case found && known.pattern.MatchString(rest), !found && prefix != "GR" && isCountry(prefix):
		return ""
	case found:
		return fmt.Sprintf("%q is not a VAT number of %s: use one such as %s", shown, prefix, known.example)
	case prefix == "GR":
		return fmt.Sprintf("%q is not a VAT number: those of Greece begin with EL", shown)
	default:
		return fmt.Sprintf("%q begins with no country's prefix: use a VAT number such as DE123456789", shown)
	}
}

// eoriPattern is what numbers have in common. Those of the United Kingdom have 12
// digits, or 15 for a branch.
var (
	eoriPattern    = regexp.MustCompile(`^[A-Z]{2}[A-Z0-9]{1,15}$`)
	britishPattern = regexp.MustCompile(`^(GB|XI)(\d{12}|\d{15})$`)
)

func wrongEORI(number string) string {
	switch {
	case !eoriPattern.MatchString(number):
	case britishPattern.MatchString(number), isCountry(number[:2]) && number[:2] != "GB":
		return ""
	}
	return fmt.Sprintf("%q is not an EORI number: use the country and up to 15 letters and digits, such as DE1234567 or GB123456789000", text.Clip(number, maxShown))
}

func wrongIOSSNumber(number string) string {
	const length = 12
	if digits, found := strings.CutPrefix(number, "IM"); found && len(number) == length && isDigits(digits) {
		return ""
	}
	return fmt.Sprintf("%q is not an IOSS number: use IM and ten digits, such as IM2760000742", text.Clip(number, maxShown))
}

// Incoterms are the terms of the Incoterms 2020 rules of the International Chamber
// of Commerce.
func Incoterms() []string {
	return []string{"EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF"}
}

func wrongIncoterm(term string) string {
	if slices.Contains(incoterms, term) {
		return ""
	}
	return fmt.Sprintf("%q is not one of the Incoterms 2020: use one of %s", text.Clip(term, maxShown), strings.Join(incoterms, ", "))
}

var incoterms, customsReasons = Incoterms(), CustomsReasons()

func wrongReason(reason CustomsReason) string {
	if slices.Contains(customsReasons, reason) {
		return ""
	}
	var list []string
	for _, known := range customsReasons {
		list = append(list, string(known))
	}
	return fmt.Sprintf("%q is not a reason for customs: use one of %s", text.Clip(string(reason), maxShown), strings.Join(list, ", "))
}

func wrongDate(date string) string {
	if _, err := time.Parse(time.DateOnly, date); err == nil {
		return ""
	}
	return fmt.Sprintf("%q is not a day of the calendar: use YYYY-MM-DD", text.Clip(date, maxShown))
}

const (
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	decimals = "0123456789"
)

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
