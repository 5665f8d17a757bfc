package io.lb4j.okhttp;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * The address that stands for one instance on its way through OkHttp, from {@link InstanceDns} to {@link InstanceSocket}.
 *
 * <p>OkHttp connects to the very object that Dns returned, so it is recognised by identity and nothing else is ever taken
 * for it. But it asks Dns for no address: a service that is named by one is recognised by value.
 *
 * @param address what is returned; seen by people only in OkHttp's messages and events
 * @param byValue whether the service is named by this address
 */
record Marker(InetAddress address, boolean byValue) {

    static Marker of(String serviceHost, String instanceHost) {
        try {
            return isAddress(serviceHost)
                    ? new Marker(InetAddress.getByName(serviceHost), true)
                    : new Marker(InetAddress.getByAddress(serviceHost, shown(instanceHost)), false);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("service: " + serviceHost + " (expected: a name or an address)", e);
        }
    }

    private static byte[] shown(String instanceHost) {
        if (isAddress(instanceHost)) {
            try {
                return InetAddress.getByName(instanceHost).getAddress();
            } catch (UnknownHostException e) {
                // Something like 999.1.1.1: connecting will say so, to this instance's name.
            }
        }
        return new byte[4];
    }

    @SuppressWarnings("ReferenceEquality") // identity is the point, see above
    boolean is(InetAddress other) {
        return other == address || (byValue && address.equals(other));
    }

    private static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    }
}
