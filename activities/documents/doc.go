// Package documents names, renders, stores and reads the documents of a shipment:
// labels, receipt, customs invoice, and all of them in one file.
//
//   - names.go: the kinds of documents, their names and URLs
//   - render.go: what is printed on each document: [Render]
//   - page.go: text in boxes, on pages that many documents may share
//   - font.go: the two typefaces, and which one a document needs
//   - barcode.go: Code 128 barcodes
//   - store.go: [Store], which keeps documents and verifies what it reads
//
// Package objectstore, beneath it, speaks the protocol of the bucket.
//
// Rendering is a pure function: the same input gives the same bytes. So a retried
// activity finds its documents stored, and workflows can name their URLs without
// asking anybody.
package documents
