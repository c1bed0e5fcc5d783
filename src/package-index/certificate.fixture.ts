/**
 * A certificate for 127.0.0.1 that vouches for itself, with its key: for servers of tests and nothing else. Made by
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost -addext
 * subjectAltName=DNS:localhost,IP:127.0.0.1`.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUYpfEno0j6aOTM9HkZL1r3Zk1YuIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDE2MzAzNloYDzIxMjYxMTA2
MTYzMDM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS4lEIHmoznE4Mgbne8fk8YFVbbuXHd1z4Vo8cuB8DM7GklmjtCfi50
SXE4K6/1stIl4T8YtwFS31bnOrUti0slo28wbTAdBgNVHQ4EFgQUDPr4/k5KLLyl
EL3H5cOVszvibs4wHwYDVR0jBBgwFoAUDPr4/k5KLLylEL3H5cOVszvibs4wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgK1raDSWyRGeOJpdGD1LlvdhxerASlpRKj3IAK422b7oCIQCS
jyrBtW7dme4w7OW0eoF/p5csA1q0femWkmNKUve5Fw==
-----END CERTIFICATE-----
`;

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgRvBQwgAhW+UPqI3t
67D/XHMiF20gyfFXv4W+5011BJKhRANCAAS4lEIHmoznE4Mgbne8fk8YFVbbuXHd
1z4Vo8cuB8DM7GklmjtCfi50SXE4K6/1stIl4T8YtwFS31bnOrUti0sl
-----END PRIVATE KEY-----
`;
