// The client of gorilla/websocket: connects, and ends with the connection. main URL
// A last line says how: `failed: WHY` where it did not open, `lost: WHY` or `closed: CODE` where it did.
package main

import (
	"fmt"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	c, _, err := websocket.DefaultDialer.Dial(os.Args[1], nil)
	if err != nil {
		fmt.Fprintf(os.Stderr, "failed: %v\n", err)
		os.Exit(1)
	}
	defer c.Close()
	for {
		_, _, err := c.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			fmt.Fprintf(os.Stderr, "closed: %d\n", closed.Code)
			return
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "lost: %v\n", err)
			return
		}
	}
}
