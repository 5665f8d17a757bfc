package io.lb4j.health;

import io.lb4j.ServiceInstance;
import io.lb4j.internal.Settings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A probe over TCP: connects, sends what it was told to, and waits for the answer it was told to expect; then closes. Told
 * neither, it sees a dead process or host, not a hung one, whose kernel still accepts connections.
 *
 * <p>The answer is matched as Envoy's TCP health checks match theirs: every block must come, in this order, with anything
 * before, between and after them. Immutable and thread-safe. Holds no threads, other than for looking up names.
 */
public final class TcpProbe implements Probe {
    /** The most of an answer that can be asked for. */
    static final int MAX_READ = 64 * 1024;

    static final TcpProbe CONNECT = builder().build();

    private final byte[] sent;
    private final List<byte[]> expected;
    private final int maxRead;
    private final ProbePort port;

    private TcpProbe(Builder from) {
        this.sent = from.sent;
        this.expected = List.copyOf(from.expected);
        this.maxRead = from.maxRead;
        this.port = from.port;
    }

    /** A builder of a probe that connects and does nothing else. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public CompletionStage<Result> probe(ServiceInstance instance, Duration timeout) {
        return new TcpExchange(port.at(instance), sent, expected, maxRead).start(timeout);
    }

    @Override
    public String toString() {
        return "TCP"
                + (sent.length == 0 ? "" : ", sending " + TcpExchange.shown(sent, sent.length))
                + (expected.isEmpty() ? "" : " (expected: " + TcpExchange.shown(expected) + ")");
    }

    /** Collects what a {@link TcpProbe} sends and expects. Not thread-safe. */
    public static final class Builder {
        private byte[] sent = new byte[0];
        private final List<byte[]> expected = new ArrayList<>();
        private int maxRead = 1024;
        private ProbePort port = ProbePort.OWN;

        private Builder() {}

        /** Sets what is sent once connected, in UTF-8; default nothing. */
        public Builder send(String text) {
            return send(text.getBytes(StandardCharsets.UTF_8));
        }

        /** Sets what is sent once connected; default nothing. */
        public Builder send(byte[] bytes) {
            this.sent = bytes.clone();
            return this;
        }

        /**
         * Adds a text to expect, in UTF-8, after those that were added before.
         *
         * @throws IllegalArgumentException if it is empty
         */
        public Builder receive(String text) {
            return receive(text.getBytes(StandardCharsets.UTF_8));
        }

        /**
         * Adds bytes to expect, after those that were added before.
         *
         * @throws IllegalArgumentException if there are none
         */
        public Builder receive(byte[] bytes) {
            Settings.check(bytes.length > 0, "receive", bytes.length + " bytes", ">= 1");
            expected.add(bytes.clone());
            return this;
        }

        /**
         * Sets within how many bytes the answer must be as expected; default 1,024.
         *
         * @throws IllegalArgumentException unless 1 to 65536
         */
        public Builder maxRead(int bytes) {
            Settings.check(bytes >= 1 && bytes <= MAX_READ, "maxRead", bytes, "1 to " + MAX_READ);
            this.maxRead = bytes;
            return this;
        }

        /**
         * Sets the port to connect to; default the instance's own.
         *
         * @throws IllegalArgumentException unless 1 to 65535
         */
        public Builder port(int value) {
            this.port = ProbePort.of(value);
            return this;
        }

        /** Takes the port to connect to from the instance's metadata; its own where there is none. */
        public Builder portFromMetadata(String key) {
            this.port = ProbePort.fromMetadata(key);
            return this;
        }

        /**
         * Builds the probe.
         *
         * @throws IllegalArgumentException if it could never read as much as it expects
         */
        public TcpProbe build() {
            int least = expected.stream().mapToInt(each -> each.length).sum();
            Settings.check(least <= maxRead, "maxRead", maxRead, ">= " + least + ", the bytes to receive");
            return new TcpProbe(this);
        }
    }
}
