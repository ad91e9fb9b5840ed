// Package documents names, renders, stores and reads the documents of a shipment:
// labels, receipt, customs invoice, and all of them in one file.
//
//   - names.go: the kinds of documents, their names and URLs
//   - render.go: which documents there are, and what they are made of: [Render]
//   - label.go: the label of a package
//   - barcode.go: the tracking number for scanners, on whole dots of label printers
//   - carrierlabels.go: the labels that carriers gave, which take the place of ours
//   - receipt.go, invoice.go: the receipt and the commercial invoice
//   - table.go: pages of A4 with blocks, tables, and page numbers
//   - canvas.go: text in boxes
//   - face.go: Helvetica or embedded fonts, which one a document needs
//   - words.go: countries, reasons and weights in words
//   - provision.go: the bucket, as it should be
//   - store.go: [Store], which keeps documents and verifies what it reads
//
// Beneath it, package typeface knows which text can be printed, package pdf writes
// and reads PDF documents, and package objectstore speaks the protocol of the bucket.
//
// Rendering is a pure function: the same input and fonts give the same bytes. So a
// retried activity finds its documents stored, and workflows can name their URLs
// without asking anybody.
package documents
