package index

// maxNames bounds the different texts of one kind: carriers, or reasons. What
// comes after has no name and is found by no filter.
const maxNames = 4096

// maxName bounds the bytes of a text.
const maxName = 200

// names gives texts that occur often short numbers. 0 stands for no text.
type names struct {
	numbers map[string]uint16
	texts   []string
}

func newNames() names {
	return names{numbers: map[string]uint16{}, texts: []string{""}}
}

// number returns the number of a text, which it gives to a new one.
func (n *names) number(text string) uint16 {
	if len(text) > maxName {
		text = text[:maxName]
	}
	if text == "" {
		return 0
	}
	number, known := n.numbers[text]
	if !known && len(n.texts) < maxNames {
		number = uint16(len(n.texts))
		text = string([]byte(text)) // Not a part of a large message.
		n.texts = append(n.texts, text)
		n.numbers[text] = number
	}
	return number
}

// known returns the number of a text that has one.
func (n *names) known(text string) (uint16, bool) {
	number, known := n.numbers[text]
	return number, known
}

func (n *names) text(number uint16) string { return n.texts[number] }
