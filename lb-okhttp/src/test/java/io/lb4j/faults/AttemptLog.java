package io.lb4j.faults;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Protocol;
import org.jspecify.annotations.Nullable;

/**
 * Writes down every attempt of one client as OkHttp's events tell of it. Neither what a balancer counts nor what servers write down
 * would do: the one counts what is no attempt and forgets who left, the others don't see what never arrived.
 */
final class AttemptLog implements EventListener.Factory {
    private final ConcurrentLinkedQueue<Attempted> attempts = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Waited> failed = new ConcurrentLinkedQueue<>();

    /** Guarded by itself. Connections have no equals, so by identity. */
    private final Map<Connection, Integer> connections = new HashMap<>();

    @Override
    public EventListener create(Call call) {
        String id = call.request().header("X-Call-Id");
        return id == null || id.contains("warm-") ? EventListener.NONE : new One(id);
    }

    /** Attempts of measured calls. */
    List<Attempted> attempts() {
        return List.copyOf(attempts);
    }

    /** Those of them that failed without an answer. */
    List<Waited> failed() {
        return List.copyOf(failed);
    }

    private int number(Connection connection) {
        synchronized (connections) {
            return connections.computeIfAbsent(connection, each -> connections.size() + 1);
        }
    }

    /** One call of OkHttp's, which is one attempt or, for a call that makes its attempts as calls of their own, none. */
    private final class One extends EventListener {
        private final String id;
        private final long sinceNanos = System.nanoTime();
        private volatile @Nullable String server;
        private volatile int connection;

        One(String id) {
            this.id = id;
        }

        @Override
        public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
            server = Fleet.nameAt(address);
        }

        @Override
        public void connectFailed(
                Call call, InetSocketAddress address, Proxy proxy, @Nullable Protocol protocol, IOException error) {
            attempts.add(new Attempted(id, System.nanoTime(), Fleet.nameAt(address)));
        }

        @Override
        public void connectionAcquired(Call call, Connection acquired) {
            server = Fleet.nameAt(acquired.route().socketAddress());
            connection = number(acquired);
        }

        @Override
        public void requestHeadersStart(Call call) {
            attempts.add(new Attempted(id, System.nanoTime(), String.valueOf(server)));
        }

        @Override
        public void callFailed(Call call, IOException error) {
            String on = server;
            if (on != null) {
                failed.add(new Waited(id, on, connection, sinceNanos, System.nanoTime() - sinceNanos));
            }
        }
    }
}
