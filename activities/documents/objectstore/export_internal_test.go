package objectstore

// InfoSubject is the subject of the info of an object.
func InfoSubject(b Bucket, name string) string { return b.infoSubject(name) }
