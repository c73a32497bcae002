// Package templates holds the project templates.
package templates
