//go:build !windows

package env

const homeVar = "HOME"
