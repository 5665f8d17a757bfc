package io.lb4j.discovery.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the rules that Kubernetes' API documents for lists and watches ("Kubernetes API Concepts"): versions, pages, chunked
 * events, bookmarks, the end of a watch, 410 for what is too old, and objects of kind Status for what went wrong. Versions of all
 * namespaces are one count, and nothing is kept when it ends.
 */
final class ApiServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = "/apis/discovery.k8s.io/v1/namespaces/";

    /** What was asked, by the part after the question mark, decoded. */
    final List<String> asked = new CopyOnWriteArrayList<>();

    private final @Nullable SSLContext tls;
    private long told;
    private HttpServer http;
    private ExecutorService threads;
    private int port;

    /** All guarded by this. */
    private final TreeMap<String, ObjectNode> objects = new TreeMap<>();

    private final List<ObjectNode> events = new ArrayList<>();
    private long version = 10;
    private long oldest;
    private String token = "";
    private boolean forbidden;
    private boolean goneByStatus;
    private int pagesBeforeGone = Integer.MAX_VALUE;
    private Runnable whenGone = () -> {};
    private boolean everyListGone;
    private boolean cutting;
    private boolean deaf;
    private boolean trickling;
    private int life;

    ApiServer(@Nullable SSLContext tls) {
        this(tls, 0);
    }

    /** At that port, or at any if it is 0. */
    ApiServer(@Nullable SSLContext tls, int port) {
        this.tls = tls;
        this.port = port;
        start();
    }

    /** At the same port each time. */
    void start() {
        try {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            if (tls == null) {
                http = HttpServer.create(address, 0);
            } else {
                HttpsServer https = HttpsServer.create(address, 0);
                https.setHttpsConfigurator(new HttpsConfigurator(tls));
                http = https;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        port = http.getAddress().getPort();
        threads = Executors.newCachedThreadPool();
        http.setExecutor(threads);
        http.createContext("/", this::handle);
        http.start();
    }

    void kill() {
        synchronized (this) {
            life++;
            deaf = false;
            notifyAll();
        }
        http.stop(0);
        threads.shutdownNow();
    }

    synchronized void loseMemory() {
        objects.clear();
        events.clear();
        version = 1;
        oldest = 0;
    }

    int port() {
        return port;
    }

    String url() {
        return (tls == null ? "http://" : "https://") + "127.0.0.1:" + port;
    }

    synchronized void wantToken(String value) {
        token = value;
    }

    synchronized void forbid(boolean value) {
        forbidden = value;
    }

    /** Says what is too old by the status of the answer, as it does at times, instead of an event. */
    synchronized void sayGoneByStatus() {
        goneByStatus = true;
    }

    /** Lets the list that is asked for next get too old after so many pages, once, because of this. */
    synchronized void sayGoneAfterPages(int pages, Runnable change) {
        pagesBeforeGone = pages;
        whenGone = change;
    }

    /** Says of every list that it is too old. */
    synchronized void sayEveryListIsGone() {
        everyListGone = true;
    }

    /** Ends the connection in the middle of the next event. */
    synchronized void cutNextEvent() {
        cutting = true;
    }

    /** Watches that are there say nothing more and don't end, as if their connections were dead. */
    synchronized void fallSilent() {
        deaf = true;
        life++;
        notifyAll();
    }

    /** Lists come a byte at a time. */
    synchronized void trickle(boolean value) {
        trickling = value;
        notifyAll();
    }

    /** Forgets what changed until now. */
    synchronized void forgetChanges() {
        events.clear();
        oldest = version;
    }

    synchronized void put(String namespace, String service, String name, String body) {
        try {
            ObjectNode object = (ObjectNode) JSON.readTree(body);
            ObjectNode metadata = object.putObject("metadata");
            metadata.put("name", name).put("namespace", namespace);
            metadata.putObject("labels").put("kubernetes.io/service-name", service);
            metadata.put("resourceVersion", Long.toString(++version));
            boolean there = objects.put(namespace + "/" + name, object) != null;
            event(there ? "MODIFIED" : "ADDED", object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    synchronized void delete(String namespace, String name) {
        ObjectNode object = objects.remove(namespace + "/" + name).deepCopy();
        ((ObjectNode) object.path("metadata")).put("resourceVersion", Long.toString(++version));
        event("DELETED", object);
    }

    /** Tells all watches how far they are, as it does about once a minute. Changes elsewhere have moved the version. */
    synchronized void bookmark() {
        ObjectNode object =
                JSON.createObjectNode().put("kind", "EndpointSlice").put("apiVersion", "discovery.k8s.io/v1");
        object.putObject("metadata").put("resourceVersion", Long.toString(++version));
        event("BOOKMARK", object);
    }

    private void event(String type, ObjectNode object) {
        ObjectNode event = JSON.createObjectNode().put("type", type);
        event.set("object", object.deepCopy());
        events.add(event);
        notifyAll();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Map<String, String> query = new HashMap<>();
            String raw = exchange.getRequestURI().getRawQuery();
            for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
                String[] parts = pair.split("=", 2);
                query.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
            }
            asked.add(raw == null ? "" : URLDecoder.decode(raw, StandardCharsets.UTF_8));
            String[] path = exchange.getRequestURI().getPath().substring(1).split("/", -1);
            if (!exchange.getRequestURI().getPath().startsWith(PREFIX) || path.length != 6) {
                answer(exchange, 404, status(404, "the server could not find the requested resource"));
                return;
            }
            String given = exchange.getRequestHeaders().getFirst("Authorization");
            JsonNode refusal = refusal(given, path[4]);
            if (refusal != null) {
                answer(exchange, refusal.path("code").asInt(), refusal);
            } else if ("true".equals(query.get("watch"))) {
                watch(exchange, path[4], query);
            } else {
                list(exchange, path[4], query);
            }
        }
    }

    private synchronized @Nullable JsonNode refusal(String given, String namespace) {
        if (!token.isEmpty() && !("Bearer " + token).equals(given)) {
            return status(401, "Unauthorized");
        }
        return forbidden
                ? status(
                        403,
                        "endpointslices.discovery.k8s.io is forbidden: User \"system:serviceaccount:shop:web\" cannot list"
                                + " resource \"endpointslices\" in API group \"discovery.k8s.io\" in the namespace \""
                                + namespace + "\"")
                : null;
    }

    private static ObjectNode status(int code, String message) {
        return JSON.createObjectNode()
                .put("kind", "Status")
                .put("apiVersion", "v1")
                .put("status", "Failure")
                .put("message", message)
                .put("code", code);
    }

    private static void answer(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static boolean isSelected(JsonNode object, String namespace, Map<String, String> query) {
        JsonNode metadata = object.path("metadata");
        String[] label = query.getOrDefault("labelSelector", "=").split("=", 2);
        return metadata.path("namespace").asText().equals(namespace)
                && metadata.path("labels").path(label[0]).asText().equals(label[1]);
    }

    private void list(HttpExchange exchange, String namespace, Map<String, String> query) throws IOException {
        ObjectNode answer = JSON.createObjectNode().put("kind", "EndpointSliceList");
        boolean gone;
        synchronized (this) {
            String[] from = query.getOrDefault("continue", version + " ").split(" ", 2);
            pagesBeforeGone--;
            if (pagesBeforeGone == 0) {
                whenGone.run();
            }
            gone = Long.parseLong(from[0]) < oldest || pagesBeforeGone == 0 || everyListGone;
            int limit = Integer.parseInt(query.getOrDefault("limit", "1000000"));
            ObjectNode metadata = answer.putObject("metadata").put("resourceVersion", from[0]);
            ArrayNode items = answer.putArray("items");
            for (Map.Entry<String, ObjectNode> each :
                    objects.tailMap(from[1], false).entrySet()) {
                if (items.size() == limit) {
                    break;
                }
                if (isSelected(each.getValue(), namespace, query)) {
                    items.add(each.getValue().deepCopy());
                    metadata.put("continue", from[0] + " " + each.getKey());
                }
            }
            if (items.size() < limit) {
                metadata.remove("continue");
            }
        }
        if (isTrickling()) {
            trickle(exchange, answer);
            return;
        }
        answer(exchange, gone ? 410 : 200, gone ? status(410, "The provided continue parameter is too old") : answer);
    }

    private synchronized boolean isTrickling() {
        return trickling;
    }

    private void trickle(HttpExchange exchange, JsonNode answer) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        for (byte each : JSON.writeValueAsBytes(answer)) {
            exchange.getResponseBody().write(each);
            exchange.getResponseBody().flush();
            synchronized (this) {
                if (trickling) {
                    pause(50);
                }
            }
        }
    }

    private void watch(HttpExchange exchange, String namespace, Map<String, String> query) throws IOException {
        long from = Long.parseLong(query.get("resourceVersion"));
        ObjectNode old = status(410, "too old resource version: " + from);
        boolean gone;
        int mine;
        synchronized (this) {
            gone = from < oldest;
            mine = life;
            if (gone && goneByStatus) {
                answer(exchange, 410, old);
                return;
            }
        }
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        if (gone) {
            ObjectNode event = JSON.createObjectNode().put("type", "ERROR");
            event.set("object", old);
            write(out, event);
            return;
        }
        out.flush();
        boolean bookmarks = "true".equals(query.get("allowWatchBookmarks"));
        long end = System.nanoTime() + Long.parseLong(query.get("timeoutSeconds")) * 1_000_000_000;
        long seen = from;
        for (ObjectNode event = next(seen, end, mine); event != null; event = next(seen, end, mine)) {
            seen = versionOf(event);
            boolean bookmark = event.path("type").asText().equals("BOOKMARK");
            if (bookmark ? bookmarks : isSelected(event.path("object"), namespace, query)) {
                if (isCut()) {
                    byte[] line = event.toString().getBytes(StandardCharsets.UTF_8);
                    out.write(line, 0, line.length / 2);
                    out.flush();
                    throw new IOException("cut");
                }
                write(out, event);
            }
            synchronized (this) {
                told = seen;
                notifyAll();
            }
        }
    }

    private synchronized boolean isCut() {
        boolean now = cutting;
        cutting = false;
        return now;
    }

    /** Whether a watch has been told everything there is. */
    synchronized boolean hasToldAll() {
        return told == version;
    }

    private static void write(OutputStream out, JsonNode line) throws IOException {
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static long versionOf(JsonNode event) {
        return event.path("object").path("metadata").path("resourceVersion").asLong();
    }

    private synchronized @Nullable ObjectNode next(long seen, long end, int mine) {
        while (life == mine) {
            for (ObjectNode event : events) {
                if (versionOf(event) > seen) {
                    return event;
                }
            }
            long millis = (end - System.nanoTime()) / 1_000_000;
            if (millis <= 0 || !pause(millis)) {
                return null;
            }
        }
        while (deaf && pause(60_000)) {}
        return null;
    }

    /** Waits with the lock set free, possibly for less; false if it is to end. */
    @SuppressWarnings("WaitNotInLoop") // those who call this have the loops
    private synchronized boolean pause(long millis) {
        try {
            wait(millis);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        kill();
    }
}
