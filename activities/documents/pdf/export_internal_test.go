package pdf

// AppendNumber and AppendExactNumber are two ways to write a number.
var AppendNumber, AppendExactNumber = appendNumber, appendExactNumber
