// Package objectstore reads and writes the objects of a NATS object store (ADR-20)
// with as few requests as possible. The objects are ordinary ones: the nats CLI
// and every client library read them, and this package reads theirs.
//
//   - objectstore.go: [Bucket], the protocol: infos, chunks, digests, rollup
//   - read.go: the batched reader of its stream
//
// # The protocol
//
// A bucket NAME is the stream OBJ_NAME. An object is some chunks and one info:
//
//   - The chunks are messages on $O.NAME.C.<nuid>, in order. The nuid is new for
//     every version of an object.
//   - The info is the last message on $O.NAME.M.<name in base64>. It says which
//     nuid the object has, its size and its SHA-256, and it makes the object
//     visible. Its header Nats-Rollup: sub removes the info that it replaces.
//
// The client of nats.go makes a lookup and a subscription for every object. This
// package reads the infos of many objects with one request, and the contents of all of
// them that have one chunk with a second.
package objectstore
