package contract

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// asJSON writes a document without anchors as JSON, with its members in their order.
func asJSON(n *yaml.Node) ([]byte, error) {
	var compact, out bytes.Buffer
	if err := appendJSON(&compact, n); err != nil {
		return nil, err
	}
	if err := json.Indent(&out, compact.Bytes(), "", " "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func appendJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return appendMembers(out, n)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := appendJSON(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	case yaml.ScalarNode:
		return appendScalar(out, n)
	default:
		return fmt.Errorf("line %d: neither a mapping, a list nor a scalar", n.Line)
	}
}

func appendMembers(out *bytes.Buffer, n *yaml.Node) error {
	out.WriteByte('{')
	for i := 0; i < len(n.Content); i += 2 {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := appendText(out, n.Content[i].Value); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := appendJSON(out, n.Content[i+1]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func appendScalar(out *bytes.Buffer, n *yaml.Node) error {
	if n.ShortTag() == "!!str" {
		return appendText(out, n.Value)
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return err
	}
	encoded, err := json.Marshal(value)
	out.Write(encoded)
	return err
}

func appendText(out *bytes.Buffer, text string) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	out.Truncate(out.Len() - 1) // Encode ends with a line break.
	return err
}
