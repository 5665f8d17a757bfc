package io.lb4j.health;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.CompletionHandler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** See {@link Probe#tcp()}. Asynchronous, because a black-holed connect would hold a thread until its time-out. */
final class TcpProbe implements Probe {
    static final Probe INSTANCE = new TcpProbe();

    @Override
    public CompletionStage<Result> probe(ServiceInstance instance, Duration timeout) {
        // Resolving a name blocks, so it happens off the balancer's thread; an address literal costs nothing there.
        return CompletableFuture.supplyAsync(() -> new InetSocketAddress(instance.host(), instance.port()))
                .thenCompose(address -> connect(address, timeout));
    }

    private static CompletableFuture<Result> connect(InetSocketAddress address, Duration timeout) {
        if (address.isUnresolved()) {
            return CompletableFuture.completedFuture(new Result(false, "unknown host " + address.getHostString()));
        }
        CompletableFuture<Result> verdict = new CompletableFuture<>();
        AsynchronousSocketChannel channel;
        try {
            channel = AsynchronousSocketChannel.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            channel.connect(address, null, new CompletionHandler<Void, @Nullable Object>() {
                @Override
                public void completed(Void result, @Nullable Object attachment) {
                    verdict.complete(new Result(true, "connected"));
                }

                @Override
                public void failed(Throwable error, @Nullable Object attachment) {
                    verdict.complete(new Result(false, "connect failed: " + error.getMessage()));
                }
            });
        } catch (RuntimeException e) {
            closeQuietly(channel);
            throw e;
        }
        // Also when the time-out completes the verdict: a black-holed connect would otherwise linger for minutes.
        return verdict.completeOnTimeout(
                        new Result(false, "no connection within " + timeout), timeout.toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((result, error) -> closeQuietly(channel));
    }

    private static void closeQuietly(AsynchronousSocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was sent on it and nobody waits for it.
        }
    }
}
