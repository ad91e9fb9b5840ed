package loadtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"shipments/shipment"
)

// ids makes and recognises the shipment ids of one run:
//
//	<category>-<run>-<number>-0
//
// The first character decides the category while the hosts emulate, and the
// last one that all goes well. The run's random name keeps runs apart that go
// on at the same time, and the number finds what is known of the shipment
// without looking the id up.
type ids struct {
	run        string
	categories []shipment.Category
	total      int
}

func newIDs(categories []shipment.Category, total int) ids {
	var name [4]byte
	_, _ = rand.Read(name[:]) // It never fails.
	return ids{run: hex.EncodeToString(name[:]), categories: categories, total: total}
}

// id is the shipment id of a number; the categories take turns.
func (i ids) id(number int) string {
	first := "3"
	switch i.categories[number%len(i.categories)] {
	case shipment.Domestic:
		first = "1"
	case shipment.InternationalPaperless:
		first = "2"
	case shipment.International:
	}
	return fmt.Sprintf("%s-%s-%d-0", first, i.run, number)
}

// number is the number of a shipment of this run; false for any other.
func (i ids) number(id string) (int, bool) {
	if len(id) < 2 {
		return 0, false
	}
	digits, ours := strings.CutPrefix(id[1:], "-"+i.run+"-")
	if !ours {
		return 0, false
	}
	number, err := strconv.Atoi(strings.TrimSuffix(digits, "-0"))
	if err != nil || number < 0 || number >= i.total || i.id(number) != id {
		return 0, false
	}
	return number, true
}

// split takes a subject apart into event type and shipment id.
func split(subject string) (eventType, id string) {
	dot := strings.LastIndexByte(subject, '.')
	if dot < 0 {
		return subject, ""
	}
	return subject[:dot], subject[dot+1:]
}
