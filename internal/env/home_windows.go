package env

const homeVar = "USERPROFILE"
