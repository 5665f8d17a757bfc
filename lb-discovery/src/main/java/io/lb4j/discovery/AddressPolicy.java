package io.lb4j.discovery;

import io.lb4j.discovery.internal.AddressRange;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses a peer may register, so that nobody aims callers at a stranger. Its own, and a loopback address if it
 * is on this machine; or, if ranges were allowed, any address in these. Immutable.
 */
final class AddressPolicy {
    private final List<AddressRange> allowed;

    AddressPolicy(List<AddressRange> allowed) {
        this.allowed = List.copyOf(allowed);
    }

    void check(String host, InetAddress peer) throws Refusal {
        InetAddress address = host.equalsIgnoreCase("localhost") ? InetAddress.getLoopbackAddress() : address(host);
        boolean sound = address != null && !address.isAnyLocalAddress() && !address.isMulticastAddress();
        if (!sound || !(allowed.isEmpty() ? isOwn(address, peer) : isAllowed(address))) {
            throw new Refusal(
                    403,
                    "host: " + host + " (expected: "
                            + (allowed.isEmpty()
                                    ? "the address it is registered from, " + peer.getHostAddress()
                                            + (peer.isLoopbackAddress() ? ", or another loopback address" : "")
                                    : "an IP address in one of " + allowed)
                            + ")");
        }
    }

    private static @Nullable InetAddress address(String host) {
        return AddressRange.literal(host);
    }

    private static boolean isOwn(@Nullable InetAddress address, InetAddress peer) {
        return address != null && (address.equals(peer) || (address.isLoopbackAddress() && peer.isLoopbackAddress()));
    }

    private boolean isAllowed(@Nullable InetAddress address) {
        return address != null && allowed.stream().anyMatch(range -> range.contains(address));
    }
}
