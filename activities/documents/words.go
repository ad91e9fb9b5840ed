package documents

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"shipments/shipment"
)

// country is the English name of a country (Unicode CLDR); the code itself if there
// is no such country.
func country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return code
	}
	if name := display.English.Regions().Name(region); name != "" {
		return strings.ReplaceAll(name, "’", "'")
	}
	return code
}

// capitals is the name of a country as the last line of an address has it.
func capitals(code string) string { return strings.ToUpper(country(code)) }

// exportReasons are the reasons for an export as an invoice words them.
var exportReasons = map[shipment.CustomsReason]string{
	shipment.ReasonSale:      "Sale of goods",
	shipment.ReasonGift:      "Gift",
	shipment.ReasonSample:    "Commercial sample",
	shipment.ReasonReturn:    "Returned goods",
	shipment.ReasonRepair:    "Repair",
	shipment.ReasonDocuments: "Documents",
	shipment.ReasonOther:     "Other",
}

// weight is that of package n, counted from 0.
func weight(s shipment.Shipment, n int) string {
	if n >= len(s.Packages) {
		return "–"
	}
	return kilograms(s.Packages[n].WeightGrams)
}

func totalGrams(s shipment.Shipment) int {
	total := 0
	for _, p := range s.Packages {
		total += p.WeightGrams
	}
	return total
}

func kilograms(grams int) string { return fmt.Sprintf("%d.%03d kg", grams/1000, grams%1000) }
