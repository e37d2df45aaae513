package issuer

import (
	"context"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// A client with a secret, which the provider takes in the Authorization header alone,
// for logins with a code.
const (
	DeviceClientID     = "kyoli-device"
	DeviceClientSecret = "device-secret"
)

// deviceStore mends what the example's storage has no use for: refresh tokens for the
// device's client, and users by name as its device page names them.
type deviceStore struct {
	*storage.Storage
	users storage.UserStore
}

// GetClientByClientID implements op.OPStorage.
func (s deviceStore) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	client, err := s.Storage.GetClientByClientID(ctx, id)
	if err == nil && id == DeviceClientID {
		return deviceClient{client}, nil
	}
	return client, err
}

// CompleteDeviceAuthorization takes the user by name or id.
func (s deviceStore) CompleteDeviceAuthorization(ctx context.Context, userCode, subject string) error {
	if user := s.users.GetUserByUsername(subject); user != nil {
		subject = user.ID
	}
	return s.Storage.CompleteDeviceAuthorization(ctx, userCode, subject)
}

// TokenRequestByRefreshToken knows whose a token is that came of a device's login.
func (s deviceStore) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	request, err := s.Storage.TokenRequestByRefreshToken(ctx, token)
	if r, ok := request.(*storage.RefreshTokenRequest); ok && r.ApplicationID == "" {
		known := *r.RefreshToken
		known.ApplicationID = DeviceClientID
		return storage.RefreshTokenRequestFromBusiness(&known), err
	}
	return request, err
}

type deviceClient struct{ op.Client }

// GrantTypes implements op.Client.
func (c deviceClient) GrantTypes() []oidc.GrantType {
	return append(c.Client.GrantTypes(), oidc.GrantTypeRefreshToken)
}
