package main

// opener is the program that shows a file in the browser.
func opener(file string) ([]string, error) {
	return []string{"rundll32", "url.dll,FileProtocolHandler", file}, nil
}
