package phone_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment/phone"
)

// exceptions are national forms of numbers.txt that only a whole numbering plan can
// read: Argentina's mobile numbers have a 15 in the middle at home, and local
// numbers have no area code.
const exceptions = `AR +5491123456789`

// The numbers are libphonenumber's examples of every country, a fixed line and a
// mobile one, with the three forms that it writes.
func TestParseReadsTheNumbersOfEveryCountry(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/numbers.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		country, e164, international, national := fields[0], fields[1], fields[2], fields[3]
		t.Run(country+" "+e164, func(t *testing.T) {
			t.Parallel()
			require.True(t, phone.IsE164(e164))
			for _, form := range []string{e164, international, "00" + strings.TrimPrefix(international, "+")} {
				got, valid := phone.Parse(form, "DE")
				require.True(t, valid, form)
				require.Equal(t, e164, got, form)
			}
			if !strings.Contains(exceptions, country+" "+e164) {
				got, valid := phone.Parse(national, country)
				require.True(t, valid, national)
				require.Equal(t, e164, got, national)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country, want string }{
		{"020 7123 4567", "GB", "+442071234567"},
		{"+44 (0)20 7123 4567", "DE", "+442071234567"},
		{"(+44) 20 7123 4567", "DE", "+442071234567"},
		{"+44 020 7123 4567", "DE", "+442071234567"},
		{"442071234567", "GB", "+442071234567"},
		{"tel:+44-20-7123-4567", "GB", "+442071234567"},
		{"0341/123 45-67", "DE", "+493411234567"},
		{"０３-１２３４-５６７８", "JP", "+81312345678"},
		{"＋８１ ３ １２３４ ５６７８", "DE", "+81312345678"},
		{"٠٥٠ ١٢٣ ٤٥٦٧", "SA", "+966501234567"},
		{"011 44 20 7123 4567", "US", "+442071234567"},
		{"0011 44 20 7123 4567", "AU", "+442071234567"},
		{"810 44 20 7123 4567", "RU", "+442071234567"},
		{"010 44 20 7123 4567", "JP", "+442071234567"},
		{"1 (201) 555-0123", "US", "+12015550123"},
		{"201.555.0123", "CA", "+12015550123"},
		{"06 12 34 56 78", "FR", "+33612345678"},
		{"06 1234567", "IT", "+39061234567"},
		{"8 612 34567", "LT", "+37061234567"},
		{"+1 555 010 0000", "US", "+15550100000"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			got, valid := phone.Parse(c.text, c.country)
			require.True(t, valid)
			require.Equal(t, c.want, got)
			again, valid := phone.Parse(got, c.country)
			require.True(t, valid)
			require.Equal(t, got, again, "idempotent")
		})
	}
}

func TestParseRefusesWhatIsNoNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country string }{
		{"", "GB"},
		{"+", "GB"},
		{"n/a", "GB"},
		{"123", "GB"},
		{"+44", "GB"},
		{"+44 20", "GB"},
		{"+442071234567 ext. 12", "GB"},
		{"020 7123 4567 #12", "GB"},
		{"020 7123 4567; 020 7123 4568", "GB"},
		{"1-800-FLOWERS", "US"},
		{"+999 123 456 789", "GB"},
		{"+44 20 7123 4567 8901 2345", "GB"},
		{"020 7123 4567", "XX"},
		{"020 7123 4567", ""},
		{"++442071234567", "GB"},
		{"+0442071234567", "GB"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			got, valid := phone.Parse(c.text, c.country)
			require.False(t, valid, got)
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		phone.Parse("+44 (0)20 7123 4567", "DE")
	}
}
