package customs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/shipment/customs"
)

// area is the customs area of an address: "country postcode" or "country/state postcode".
func area(address string) string {
	place, postcode, _ := strings.Cut(address, " ")
	country, state, _ := strings.Cut(place, "/")
	return customs.Area(country, state, postcode)
}

func TestAreaHasNoBorderWithin(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"DE 04109":   "FR 69001", // Leipzig, Lyon
		"FR 06000":   "MC 98000", // Nice, Monaco
		"PT 1000":    "PT 9500",  // Lisbon, the Azores
		"AT 6020":    "AT 6691",  // Innsbruck, Jungholz
		"CY 1010":    "GR 10431",
		"PT 1001":    "PT PT-9000-001", // Lisbon, Madeira
		"PR 00902":   "US US-33101",
		"IE D01":     "GB BT1 1AA",
		"GB LS1 5AA": "IM IM1 1AA",
		"GB EC1A":    "GB IM1 1AA",
		"CH 8001":    "LI 9490",
		"CH 8200":    "DE 78266", // Büsingen
		"US 10001":   "PR 00901",
		"US/NY":      "US/PR 00901",
		"AX 22100":   "FI 22100",
		"GP 97110":   "FR 97110",
		"GL 3900":    "DK 3900",
		"DE D-04109": "DE 04109",
		"CA":         "CA K1A 0B1",
		"GB FIQQ1ZZ": "FK FIQQ 1ZZ",
		"CH 6911":    "IT 22061", // Campione
		"NL/AW":      "AW",
		"GB/BFS":     "IE D02",
		"GB/LND":     "GB/SCT",
	} {
		t.Run(from+" to "+to, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, area(from), area(to))
		})
	}
}

func TestAreaEndsAtTheBorder(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"ES 28001":    "ES 35001", // Madrid, Las Palmas
		"ES 28002":    "ES/TF",
		"ES 28003":    "ES E-38001",
		"ES 28004":    "ES 51001", // Ceuta
		"ES 51001":    "ES 52001", // Melilla
		"DE 04109":    "DE 27498", // Heligoland
		"DE 04110":    "DE 78266", // Büsingen
		"DE 04111":    "DE D-27498",
		"IT 20121":    "IT 23041", // Livigno
		"IT 20122":    "IT I-23041",
		"IT 20123":    "IT 22061", // Campione
		"IT 20124":    "VA 00120",
		"IT 47900":    "IT 47890", // Rimini, San Marino
		"FI 00100":    "FI 22100", // Åland
		"FI 00101":    "FI AX-22100",
		"FI 00102":    "AX AX-22100",
		"FI 00103":    "FI FIN-22 100",
		"ES 28005":    "ES ES-35001",
		"ES 28006":    "ES 35 001",
		"ES 28007":    "AD AD500",
		"DK 1051":     "DK FO-100",
		"DK 1052":     "DK 3900",
		"GR 10432":    "GR 630 86",
		"US 10005":    "US 96940", // Palau
		"US 10006":    "US 96931", // Guam
		"US 10007":    "GU 96910",
		"CN 100001":   "CN 999077", // Hong Kong
		"HK":          "MO",
		"RU 101000":   "BY 220030",
		"FR 75001":    "FR 97400", // Réunion
		"FR 75002":    "RE 97400",
		"GR 10431":    "GR 63086", // Mount Athos
		"GB EC1A 1BB": "GB JE2 3AB",
		"GB EC1A 1BC": "GG GY1 1AA",
		"JE JE2 3AB":  "GG GY1 1AA",
		"GB EC1A 1BD": "GB BT1 1AA",
		"GB EC1A 1BE": "IE D01",
		"GB EC1A 1BF": "GB bt11aa",
		"GB EC1A 1BG": "GB GB-BT1 1AA",
		"GB EC1A 1BH": "GB/NIR",
		"GB EC1A 1BI": "GB UK-JE2 3AB",
		"GB EC1A 1BJ": "GB BF1 2AT",
		"GB EC1A 1BK": "GI GX11 1AA",
		"CH 8001":     "CH 7563", // Samnaun
		"CH 8002":     "DE 04109",
		"US 10001":    "US 00801", // Virgin Islands
		"US 10002":    "US 96910", // Guam
		"US 10003":    "US/AE 09012",
		"US 10004":    "CA",
		"NO 0150":     "NO 9170", // Svalbard
		"NO 0151":     "SE 11122",
		"DK 1050":     "FO 100",
		"AU 2000":     "AU 6798", // Christmas Island
		"CN 100000":   "HK",
		"DE 04112":    "TR 34000",
		"GB EC1A 1BL": "GB FIQQ 1ZZ", // Falkland Islands
		"GB EC1A 1BM": "GB STHL 1ZZ", // Saint Helena
		"GB EC1A 1BN": "GB TKCA 1ZZ", // Turks and Caicos Islands
		"GB EC1A 1BO": "GB AI-2640",  // Anguilla
		"GB EC1A 1BP": "GB/BFS",      // Belfast
		"GB EC1A 1BQ": "GB/JSY",
		"NL 1000":     "NL/CW",
		"NL 1001":     "NL/BQ1",
		"NO 0152":     "NO/21",
		"CH 8003":     "CH 6911", // Campione
		"ES 28008":    "ES AD500",
		"FR 75003":    "FR 97700", // Saint-Barthélemy
		"FR 75004":    "FR 97800", // Saint-Martin
		"US 10008":    "US/UM",
		"IT 20125":    "SM 47890",
	} {
		t.Run(from+" to "+to, func(t *testing.T) {
			t.Parallel()
			require.NotEqual(t, area(from), area(to))
		})
	}
}
