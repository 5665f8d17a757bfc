package io.lb4j.socket;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancer;
import io.lb4j.internal.Settings;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;

/**
 * One datagram there, one back, as in DNS. Each attempt is a call for health and strategies: an answer is a success; no answer in time, or word that nobody
 * listens, is a failure, and the next instance is asked. An attempt has a port of its own, so that an answer
 * that is late, or somebody else's, is not taken for that of another query. Thread-safe; the balancer stays the caller's.
 *
 * <p>A query may be carried out twice, if an answer was lost: queries must be such that this does no harm.
 */
public final class DatagramExchange {
    /** As long as a datagram can be. */
    private static final int MAX_BYTES = 65_535;

    private final Connector connector;
    private final long answerNanos;
    private final int attempts;
    private final BiPredicate<byte[], byte[]> matches;

    /**
     * What came back.
     *
     * @param instance who answered
     * @param bytes what it answered; the caller's to keep
     */
    public record Answer(ServiceInstance instance, ByteBuffer bytes) {}

    private DatagramExchange(
            Connector connector, Duration answerTimeout, int attempts, BiPredicate<byte[], byte[]> matches) {
        Settings.atLeast(1, attempts, "attempts");
        this.connector = connector;
        this.answerNanos = answerTimeout.toNanos();
        this.attempts = attempts;
        this.matches = Objects.requireNonNull(matches, "matches");
    }

    /**
     * Exchanges with the instances of one service.
     *
     * @param answerTimeout how long one instance is waited for, at least 1 ms
     * @param attempts how many instances are asked at most, at least 1; each is asked once
     * @param matches whether a datagram (second) answers a query (first); others are passed over. In DNS, that their first two bytes are
     *     equal
     */
    public static DatagramExchange of(
            LoadBalancer balancer, Duration answerTimeout, int attempts, BiPredicate<byte[], byte[]> matches) {
        Connector connector = new Connector(
                balancer,
                ConnectionSettings.builder().attemptTimeout(answerTimeout).build());
        return new DatagramExchange(connector, answerTimeout, attempts, matches);
    }

    /**
     * Sends a query and waits for its answer.
     *
     * @throws SocketTimeoutException if no instance that was asked has answered
     * @throws IOException if none could be asked, as {@link LoadBalancedSocketFactory} says
     */
    public Answer exchange(PickRequest request, byte[] query) throws IOException {
        Objects.requireNonNull(query, "query");
        Attempts tries = new Attempts(connector, request, Math.multiplyExact(answerNanos, attempts));
        try {
            for (int left = attempts; ; left--) {
                InetSocketAddress to = tries.next();
                Outcome failure = Outcome.CONNECT_FAILURE;
                try (DatagramSocket socket = new DatagramSocket()) {
                    socket.connect(to);
                    socket.send(new DatagramPacket(query, query.length));
                    failure = Outcome.TIMEOUT;
                    byte[] bytes = receive(socket, query);
                    return new Answer(tries.finish(), ByteBuffer.wrap(bytes));
                } catch (PortUnreachableException e) {
                    tries.fail(e, Outcome.CONNECT_FAILURE);
                } catch (IOException e) {
                    tries.fail(e, failure);
                }
                if (left == 1) {
                    throw tries.exhausted();
                }
            }
        } finally {
            tries.cancel();
        }
    }

    private byte[] receive(DatagramSocket socket, byte[] query) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[MAX_BYTES], MAX_BYTES);
        long startNanos = System.nanoTime();
        while (true) {
            long left = answerNanos - (System.nanoTime() - startNanos);
            if (left <= 0) {
                throw new SocketTimeoutException(
                        "no answer within " + Duration.ofNanos(answerNanos).toMillis() + " ms");
            }
            socket.setSoTimeout((int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
            packet.setLength(MAX_BYTES);
            try {
                socket.receive(packet);
            } catch (SocketTimeoutException e) {
                continue;
            }
            byte[] bytes =
                    Arrays.copyOfRange(packet.getData(), packet.getOffset(), packet.getOffset() + packet.getLength());
            if (matches.test(query, bytes)) {
                return bytes;
            }
        }
    }

    @Override
    public String toString() {
        return "DatagramExchange[" + connector + "]";
    }
}
