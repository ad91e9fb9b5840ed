package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// picture is a picture that documents embed.
type picture struct {
	width, height int
	components    int    // 1 for grey, 3 for red, green and blue
	compressed    []byte // by zlib
}

// maxPixels limits a picture: a label of 6 by 8 inches at 600 dpi has 17 million.
const maxPixels = 20_000_000

// ErrTooLarge is returned for a picture or a document that has more pixels, pages or
// objects than a label needs.
var ErrTooLarge = errors.New("too large")

// defaultWidth is the width of a page with a picture that does not say its size, in
// millimetres: that of a label.
const defaultWidth = 100

// Picture makes a page of a PNG picture. The page has the size that the picture says
// (its chunk pHYs), or else the width of a label.
func Picture(content []byte) (*Page, error) {
	config, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("PNG picture: %w", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("PNG picture of %d × %d pixels: %w", config.Width, config.Height, ErrTooLarge)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("PNG picture: %w", err)
	}
	drawn, err := newPicture(img)
	if err != nil {
		return nil, err
	}
	width := float64(defaultWidth)
	height := width * float64(drawn.height) / float64(drawn.width)
	if x, y := density(content); x > 0 && y > 0 {
		width, height = float64(drawn.width)/x*1000, float64(drawn.height)/y*1000
	}
	if width < 10 || height < 10 || width > 1000 || height > 1000 {
		return nil, fmt.Errorf("PNG picture of %.0f × %.0f mm is no label", width, height)
	}
	page := NewPage(width, height)
	page.operation("q")
	page.operation("cm", width*pointsPerMm, 0, 0, height*pointsPerMm, 0, 0)
	page.content = append(page.content, segment{picture: drawn})
	page.operation("Q")
	return page, nil
}

// density is how many pixels a metre has, across and down; 0 if the picture does not
// say (PNG specification, 11.3.4.3).
func density(content []byte) (x, y float64) {
	const signature, header = 8, 8
	for at := signature; at+header <= len(content); {
		length := int(binary.BigEndian.Uint32(content[at:]))
		data := content[at+header:]
		if length+4 > len(data) {
			return 0, 0
		}
		if string(content[at+4:at+header]) == "pHYs" && length == 9 && data[8] == 1 {
			return float64(binary.BigEndian.Uint32(data)), float64(binary.BigEndian.Uint32(data[4:]))
		}
		at += header + length + 4
	}
	return 0, 0
}

// newPicture takes the pixels of a picture, on white paper.
func newPicture(img image.Image) (*picture, error) {
	bounds := img.Bounds()
	p := &picture{width: bounds.Dx(), height: bounds.Dy(), components: 1}
	pixels := make([]byte, 0, 3*p.width*p.height)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := onWhite(img.At(x, y))
			pixels = append(pixels, c.R, c.G, c.B)
			if c.R != c.G || c.G != c.B {
				p.components = 3
			}
		}
	}
	if p.components == 1 {
		for i := range p.width * p.height {
			pixels[i] = pixels[3*i]
		}
		pixels = pixels[:p.width*p.height]
	}
	var compressed bytes.Buffer
	w := zlib.NewWriter(&compressed)
	if _, err := w.Write(pixels); err != nil {
		return nil, fmt.Errorf("compress a picture: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress a picture: %w", err)
	}
	p.compressed = compressed.Bytes()
	return p, nil
}

func onWhite(c color.Color) color.RGBA {
	r, g, b, a := c.RGBA()
	paper := 0xffff - a
	return color.RGBA{R: uint8((r + paper) >> 8), G: uint8((g + paper) >> 8), B: uint8((b + paper) >> 8), A: 0xff}
}

// pictureNumber is the number of a picture in the document, from 1.
func (d *Document) pictureNumber(p *picture) int {
	if n := d.byPicture[p]; n != 0 {
		return n
	}
	space := "/DeviceGray"
	if p.components == 3 {
		space = "/DeviceRGB"
	}
	d.pictures = append(d.pictures, d.add(stream(fmt.Sprintf(
		"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/FlateDecode",
		p.width, p.height, space), p.compressed)))
	d.byPicture[p] = len(d.pictures)
	return len(d.pictures)
}
