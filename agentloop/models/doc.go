// Package models asks language models: one file per provider.
package models
