package io.lb4j.discovery.etcd;

import io.lb4j.discovery.DiscoveryUri;

/** A user of etcd, who shows a password to get a token. */
record EtcdLogin(String user, DiscoveryUri.Secret password) {
    EtcdLogin {
        if (user.isEmpty()) {
            throw new IllegalArgumentException("user: '' (expected: a user of etcd)");
        }
    }
}
