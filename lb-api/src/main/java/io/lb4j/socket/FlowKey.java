package io.lb4j.socket;

import io.lb4j.PickRequest;
import io.lb4j.XxHash64;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which connections belong together, for strategies that keep keys on their instances ({@code maglev()}, say). Must be
 * thread-safe.
 */
@FunctionalInterface
public interface FlowKey {

    /** No key: strategies choose freely. */
    FlowKey NONE = (source, destination) -> PickRequest.plain();

    /**
     * The address and port a socket is bound to, and the address and port asked for; for one that is not bound, only
     * the latter.
     */
    FlowKey ADDRESSES =
            (source, destination) -> PickRequest.ofHash(source == null ? hash(destination) : hash(source, destination));

    /**
     * What a connection is picked by.
     *
     * @param source what the socket is bound to, or null if to nothing yet, as is usual
     * @param destination what the caller asked for, unresolved as a rule
     */
    PickRequest request(@Nullable InetSocketAddress source, InetSocketAddress destination);

    /**
     * A hash over addresses and ports in this order, even over all 64 bits, for {@link PickRequest#ofHash}: of the
     * source and destination of what a program forwards, for instance. Unresolved addresses are known by their name;
     * nothing is looked up.
     */
    static long hash(InetSocketAddress... addresses) {
        long hash = 0;
        for (InetSocketAddress each : addresses) {
            InetAddress address = each.getAddress();
            byte[] host =
                    address == null ? each.getHostString().getBytes(StandardCharsets.UTF_8) : address.getAddress();
            byte[] bytes = Arrays.copyOf(host, host.length + 2);
            bytes[host.length] = (byte) (each.getPort() >>> 8);
            bytes[host.length + 1] = (byte) each.getPort();
            hash = XxHash64.hash(bytes, hash);
        }
        return hash;
    }
}
