//go:build poppler

package documents_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"shipments/activities/documents"
	"shipments/shipment"
)

// The tests of this file look at pages as a printer prints them, and need poppler and
// zbar:
//
//	apt-get install poppler-utils zbar-tools
//	go test -tags poppler ./activities/documents

// withParcels is an input whose legs have tracking numbers, and as many packages.
func withParcels(t *testing.T, id string, numbers ...string) documents.Input {
	t.Helper()
	in := input(t, id)
	parcel := in.Shipment.Packages[:1]
	in.Shipment.Packages = nil
	for range numbers {
		in.Shipment.Packages = append(in.Shipment.Packages, parcel...)
	}
	for leg := range in.Legs {
		in.Legs[leg].TrackingNumbers = nil
		for _, number := range numbers {
			if leg > 0 { // another number of the same length
				number = number[1:] + number[:1]
			}
			in.Legs[leg].TrackingNumbers = append(in.Legs[leg].TrackingNumbers, number)
		}
	}
	return in
}

// simulated are numbers as the simulator gives them.
func simulated(t *testing.T, count int) []string {
	t.Helper()
	var numbers []string
	for i := 0; len(numbers) < count; i++ {
		for _, leg := range input(t, fmt.Sprintf("c%dabc", i)).Legs {
			numbers = append(numbers, leg.TrackingNumbers...)
		}
	}
	return numbers[:count]
}

func repeated(number string, count int) []string {
	numbers := make([]string, count)
	for i := range numbers {
		numbers[i] = number
	}
	return numbers
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz-0123456789"

// labelCases are labels with all kinds of numbers.
func labelCases(t *testing.T) map[string]documents.Input {
	t.Helper()
	return map[string]documents.Input{
		"three packages, one leg": withParcels(t, "1abc", simulated(t, 3)...),
		"99 packages, two legs":   withParcels(t, "cabc", simulated(t, shipment.MaxPackages)...),
		"a shared number":         withParcels(t, "1abc", repeated("00340434161094042557", 3)...),
		"one character":           withParcels(t, "1abc", "7"),
		"13 characters":           withParcels(t, "1abc", "RR123456785DE", "ABCdefGHIjklM"),
		"14 to 18 characters":     withParcels(t, "1abc", "JJD00039000234", "1Z999AA10123456784", "JVGL 0123 4567 89"),
		"31 characters":           withParcels(t, "1abc", alphabet[:31], alphabet[27:58]),
		"60 digits":               withParcels(t, "1abc", strings.Repeat("0123456789", 6)),
		"lengths mixed":           withParcels(t, "1abc", "1Z999AA10123456784", alphabet[:40], alphabet),
		"49 characters":           withParcels(t, "1abc", alphabet[:49], alphabet[12:61]),
		"64 characters":           withParcels(t, "1abc", alphabet, strings.Repeat("W", 64)),
	}
}

// print prints the pages of a document, in black and white, as PBM pictures.
func print(t *testing.T, document []byte, dpi int) []string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "document.pdf")
	require.NoError(t, os.WriteFile(file, document, 0o600))
	out, err := exec.Command("pdftoppm", "-r", fmt.Sprint(dpi), "-mono", file, filepath.Join(dir, "page")).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out), "poppler has nothing to complain of")
	pages, err := filepath.Glob(filepath.Join(dir, "page-*.pbm"))
	require.NoError(t, err)
	return pages
}

// Each label is read by a scanner. Each bar has the whole number of dots that its
// modules have, and beside the code there is space for ten modules at least.
func TestLabelsAreReadByAScanner(t *testing.T) {
	t.Parallel()
	for name, in := range labelCases(t) {
		for dpi, module := range map[int]int{203: 2, 300: 3} {
			t.Run(fmt.Sprintf("%s at %d dpi", name, dpi), func(t *testing.T) {
				t.Parallel()
				document, err := documents.RenderOne(in, documents.KindLabels, nil)
				require.NoError(t, err)
				var want []string
				for _, leg := range in.Legs {
					want = append(want, leg.TrackingNumbers...)
				}
				pages := print(t, document, dpi)
				require.Len(t, pages, len(want), "a label per package and leg")
				for i, page := range pages {
					out, err := exec.Command("zbarimg", "--quiet", page).Output()
					require.NoError(t, err, "label %d, %s", i+1, want[i])
					kind, number, _ := strings.Cut(strings.TrimSuffix(string(out), "\n"), ":")
					require.Equal(t, want[i], number, "label %d", i+1)
					if kind == "CODE-128" {
						requireWholeDots(t, readPicture(t, page), dpi, module)
					} else {
						require.Equal(t, "QR-Code", kind)
						require.Greater(t, len(number), 49, "a barcode would fit")
					}
				}
			})
		}
	}
}

// requireWholeDots looks at the bars of a label. A module has the dots that are
// given, or twice as many.
func requireWholeDots(t *testing.T, p picture, dpi, module int) {
	t.Helper()
	// A barcode lies across the label, or upright at its right.
	runs := p.runs(110*dpi*10/254, false)
	if upright := p.runs(86*dpi*10/254, true); len(upright) > len(runs) {
		runs = upright
	}
	require.Greater(t, len(runs), 20, "there is a barcode")
	if runs[1] == 4*module { // The start sign begins with a bar of two modules.
		module *= 2
	}
	require.Equal(t, 2*module, runs[1])
	require.GreaterOrEqual(t, runs[0], 10*module, "quiet zone before the code")
	require.GreaterOrEqual(t, runs[len(runs)-1], 10*module, "quiet zone behind the code")
	for n, dots := range runs[1 : len(runs)-1] {
		isBar := n%2 == 0
		if isBar || dpi == 203 {
			require.Zero(t, dots%module, "bar or gap %d has %d dots", n, dots)
		} else {
			require.Contains(t, []int{0, module - 1}, dots%module, "gap %d has %d dots", n, dots)
		}
	}
}

// picture is a page in black and white.
type picture struct {
	width, height int
	bits          []byte
}

func readPicture(t *testing.T, file string) picture {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var p picture
	_, err = fmt.Sscanf(string(content[:min(len(content), 40)]), "P4\n%d %d\n", &p.width, &p.height)
	require.NoError(t, err)
	p.bits = content[bytes.IndexByte(content[3:], '\n')+4:]
	return p
}

func (p picture) isBlack(x, y int) bool {
	return p.bits[y*((p.width+7)/8)+x/8]&(0x80>>(x%8)) != 0
}

// runs are the lengths of white and black in turn, beginning with white, along a row
// or a column.
func (p picture) runs(at int, alongColumn bool) []int {
	length := p.width
	if alongColumn {
		length = p.height
	}
	runs, black := []int{0}, false
	for i := range length {
		x, y := i, at
		if alongColumn {
			x, y = at, i
		}
		isBlack := p.isBlack(x, y)
		if isBlack != black {
			runs, black = append(runs, 0), isBlack
		}
		runs[len(runs)-1]++
	}
	return runs
}

// printed is the text of a document, as a viewer copies it.
func printed(t *testing.T, document []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "document.pdf")
	require.NoError(t, os.WriteFile(file, document, 0o600))
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	require.NoError(t, err)
	return string(out)
}

func TestDocumentsHaveTheTextThatTheyPrint(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Nguyễn Thị Hồng", "Ελένη Παπαδοπούλου", "Олександр Ґалаґан", "Müller & Søn", "Ọ̀ṣun", "Łódź"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, "cabc")
			in.Shipment.Legs[1].Receiver.Name = name
			rendered, err := documents.Render(in, nil)
			require.NoError(t, err)
			for _, kind := range []string{documents.KindLabels, documents.KindInvoice, documents.KindReceipt, documents.KindCombined} {
				require.Contains(t, printed(t, rendered[kind]), name, kind)
				require.NotContains(t, printed(t, rendered[kind]), "?", kind)
			}
		})
	}
}

// However many goods there are, the totals are on one page, under the head of the table.
func TestInvoiceKeepsTotalsTogether(t *testing.T) {
	t.Parallel()
	in := input(t, "cabc")
	one := in.Shipment.Goods[0]
	other := one
	other.Currency = "JPY"
	other.UnitValue = "1200"
	in.Shipment.Goods = []shipment.Goods{other}
	for range 60 {
		in.Shipment.Goods = append(in.Shipment.Goods, one)
		document, err := documents.RenderOne(in, documents.KindInvoice, nil)
		require.NoError(t, err)
		pages := strings.Split(strings.TrimSuffix(printed(t, document), "\f"), "\f")
		at := slices.IndexFunc(pages, func(page string) bool { return strings.Contains(page, "Total JPY") })
		require.GreaterOrEqual(t, at, 0)
		require.Contains(t, pages[at], "Total "+one.Currency, "%d goods", len(in.Shipment.Goods))
		require.Contains(t, pages[at], "HS CODE", "%d goods", len(in.Shipment.Goods))
	}
}
