package io.lb4j.health;

import io.lb4j.ServiceInstance;
import io.lb4j.health.Probe.Result;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One run of a {@link TcpProbe}. Asynchronous, because a black-holed connect would hold a thread until its time-out. Each
 * step begins in the handler of the one before, so that no two run at a time.
 */
final class TcpExchange {
    private static final int SHOWN = 64;

    private final ServiceInstance at;
    private final ByteBuffer sending;
    private final List<byte[]> expected;
    private final byte[] answer;
    private final ByteBuffer received;
    private final CompletableFuture<Result> verdict = new CompletableFuture<>();

    /** How many of the expected blocks have come, and where the next one may begin. */
    private int found;

    private int from;

    TcpExchange(ServiceInstance at, byte[] sent, List<byte[]> expected, int maxRead) {
        this.at = at;
        this.sending = ByteBuffer.wrap(sent);
        this.expected = expected;
        this.answer = new byte[expected.isEmpty() ? 0 : maxRead];
        this.received = ByteBuffer.wrap(answer);
    }

    CompletableFuture<Result> start(Duration timeout) {
        String late = (expected.isEmpty() ? "no connection to " : "no answer as expected from ") + at.authority()
                + " within " + timeout;
        CompletableFuture<Result> unused =
                verdict.completeOnTimeout(new Result(false, late), timeout.toNanos(), TimeUnit.NANOSECONDS);
        NameLookup.resolve(at.host(), at.port(), this::connect, this::fail);
        return verdict;
    }

    private void connect(InetSocketAddress address) {
        if (address.isUnresolved()) {
            fail("unknown host " + at.host());
            return;
        }
        AsynchronousSocketChannel channel;
        try {
            channel = AsynchronousSocketChannel.open();
        } catch (IOException e) {
            fail("no socket for " + at.authority() + ": " + e.getMessage());
            return;
        }
        // Also when the verdict is a time-out, or nobody waits for it any more: a black-holed connect would linger for
        // minutes. At once if that was while the name was looked up.
        CompletableFuture<Result> unused = verdict.whenComplete((result, error) -> closeQuietly(channel));
        attempt(
                "connect",
                () -> channel.connect(address, null, new Step<Void>("connect", done -> {
                    if (sending.hasRemaining() || !expected.isEmpty()) {
                        write(channel);
                    } else {
                        succeed("connected to " + at.authority());
                    }
                })));
    }

    private void write(AsynchronousSocketChannel channel) {
        if (sending.hasRemaining()) {
            attempt("write", () -> channel.write(sending, null, new Step<Integer>("write", count -> write(channel))));
        } else if (expected.isEmpty()) {
            succeed("connected to " + at.authority() + " and sent " + sending.limit() + " bytes");
        } else {
            read(channel);
        }
    }

    private void read(AsynchronousSocketChannel channel) {
        attempt(
                "read",
                () -> channel.read(received, null, new Step<Integer>("read", count -> {
                    if (isComplete()) {
                        succeed("answer of " + at.authority() + " as expected");
                    } else if (count < 0 || !received.hasRemaining()) {
                        int length = received.position();
                        fail("answer of " + at.authority() + ": " + shown(answer, length)
                                + (count < 0 ? ", then closed" : "") + " (expected: " + shown(expected) + " within "
                                + answer.length + " bytes)");
                    } else {
                        read(channel);
                    }
                })));
    }

    /** Whether all blocks have come. Goes on where it last ended, so that a dripping server costs no more than another. */
    private boolean isComplete() {
        int length = received.position();
        while (found < expected.size()) {
            byte[] block = expected.get(found);
            while (from + block.length <= length && !isAt(from, block)) {
                from++;
            }
            if (from + block.length > length) {
                return false;
            }
            from += block.length;
            found++;
        }
        return true;
    }

    private boolean isAt(int start, byte[] block) {
        for (int i = 0; i < block.length; i++) {
            if (answer[start + i] != block[i]) {
                return false;
            }
        }
        return true;
    }

    private void attempt(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            // The address is of a kind the channel can't reach, or the JVM's channels are shut down.
            failed(what, e);
        }
    }

    private void failed(String what, Throwable error) {
        fail(what + " failed, " + at.authority() + ": "
                + (error.getMessage() == null ? error.toString() : error.getMessage()));
    }

    private void succeed(String detail) {
        verdict.complete(new Result(true, detail));
    }

    private void fail(String detail) {
        verdict.complete(new Result(false, detail));
    }

    static String shown(List<byte[]> blocks) {
        return blocks.stream().map(each -> shown(each, each.length)).collect(Collectors.joining(", then "));
    }

    static String shown(byte[] bytes, int length) {
        String text = new String(bytes, 0, Math.min(SHOWN, length), StandardCharsets.ISO_8859_1);
        return "'" + text.replaceAll("[^\\x20-\\x7e]", ".") + (length > SHOWN ? "..." : "") + "'";
    }

    private static void closeQuietly(AsynchronousSocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing more is sent on it and nobody waits for it.
        }
    }

    private final class Step<T> implements CompletionHandler<T, @Nullable Object> {
        private final String what;
        private final IntConsumer next;

        /**
         * @param next told how many bytes there were, if the step moves bytes
         */
        Step(String what, IntConsumer next) {
            this.what = what;
            this.next = next;
        }

        @Override
        public void completed(T result, @Nullable Object attachment) {
            next.accept(result instanceof Integer count ? count : 0);
        }

        @Override
        public void failed(Throwable error, @Nullable Object attachment) {
            TcpExchange.this.failed(what, error);
        }
    }
}
