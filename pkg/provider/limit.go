package provider

import "regexp"

// defaultLimitPatterns are what the clients of most providers say of a limit.
var defaultLimitPatterns = []string{
	`(?i)(status|error|code|http)[^\n]{0,20}\b429\b`, `(?i)rate[ _-]?limit`, `(?i)usage[ _-]?limit`, `(?i)too many requests`, `(?i)insufficient[ _]quota`,
	`(?i)quota (has been )?exceeded`,
}

// SaysLimited tells whether what a program wrote to stderr says that it has met a
// limit of this provider.
func (a *Adapter) SaysLimited(text string) bool {
	for _, pattern := range a.LimitPatterns {
		re, err := regexp.Compile(pattern)
		if err == nil && re.MatchString(text) {
			return true
		}
	}
	return false
}
