// Package archtest holds the code to the architecture: which package may import
// which, and which third-party library lives where. It has only tests.
package archtest
