package io.lb4j.discovery.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Questions;
import io.lb4j.discovery.internal.ReadAndFollow;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** The slices of one service: listed in pages at a version, and watched from there. */
final class ServiceSlices implements ReadAndFollow.Source {
    private static final int PAGE = 500;
    private static final int GONE = 410;
    private static final String PATH = "apis/discovery.k8s.io/v1/namespaces";

    private final JsonCalls calls;
    private final ServiceName service;
    private final SliceMerger.Rules rules;
    private final Duration patience;
    private final Duration watchTime;

    /** Who asks writes these: one answer is waited for at a time. */
    private TreeMap<String, EndpointSlice> byName = new TreeMap<>();

    private String version = "";

    ServiceSlices(
            JsonCalls calls, ServiceName service, SliceMerger.Rules rules, Duration patience, Duration watchTime) {
        this.calls = calls;
        this.service = service;
        this.rules = rules;
        this.patience = patience;
        this.watchTime = watchTime;
    }

    private Request.Builder request(Map<String, String> query) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("labelSelector", "kubernetes.io/service-name=" + service.service());
        all.putAll(query);
        return new Request.Builder()
                .url(calls.path(PATH, all, service.namespace(), "endpointslices"))
                .header("Accept", "application/json");
    }

    @Override
    public Questions.Pending read(ReadAndFollow.Reading reading) {
        Listing listing = new Listing(reading);
        listing.ask("");
        return listing;
    }

    /** One list, page by page. */
    private final class Listing implements JsonCalls.Handler, Questions.Pending {
        private final ReadAndFollow.Reading reading;
        private final TreeMap<String, EndpointSlice> listed = new TreeMap<>();
        private boolean begunAgain;

        /** Guarded by this. */
        private @Nullable Call call;

        private boolean cancelled;

        Listing(ReadAndFollow.Reading reading) {
            this.reading = reading;
        }

        synchronized void ask(String token) {
            if (!cancelled) {
                Map<String, String> query = new LinkedHashMap<>();
                query.put("limit", Integer.toString(PAGE));
                if (!token.isEmpty()) {
                    query.put("continue", token);
                }
                call = calls.ask(request(query), patience, this);
            }
        }

        @Override
        public synchronized void cancel() {
            cancelled = true;
            if (call != null) {
                call.cancel();
            }
        }

        @Override
        public void answered(int status, Headers headers, JsonNode body) {
            if (status == GONE && !begunAgain) {
                // The rest of the list is too old to be had; a new one isn't.
                begunAgain = true;
                listed.clear();
                ask("");
                return;
            }
            if (status != 200 || !body.path("items").isArray()) {
                reading.failed(trouble(status, body));
                return;
            }
            for (JsonNode item : body.path("items")) {
                EndpointSlice slice = EndpointSlice.of(item);
                listed.put(slice.name(), slice);
            }
            String more = body.path("metadata").path("continue").asText("");
            if (!more.isEmpty()) {
                ask(more);
                return;
            }
            version = body.path("metadata").path("resourceVersion").asText("");
            byName = listed;
            reading.done();
        }

        @Override
        public void failed(IOException error) {
            reading.failed(error);
        }
    }

    private IOException trouble(int status, JsonNode body) {
        String rule = switch (status) {
            case 401 -> " (expected: a token that the API server accepts)";
            case 403 ->
                " (expected: a role that lets this account get, list and watch endpointslices of"
                        + " discovery.k8s.io in namespace " + service.namespace() + ")";
            case 404 -> " (expected: a server with discovery.k8s.io/v1, as Kubernetes 1.21 and later)";
            default -> "";
        };
        return new IOException(calls.unexpected(status, body).getMessage() + rule);
    }

    @Override
    public ReadAndFollow.Question follow() {
        Map<String, String> query = new LinkedHashMap<>();
        query.put("watch", "true");
        query.put("allowWatchBookmarks", "true");
        query.put("resourceVersion", version);
        query.put("timeoutSeconds", Long.toString(Math.max(1, watchTime.toSeconds())));
        return new ReadAndFollow.Question(calls, request(query));
    }

    @Override
    public void opened(ReadAndFollow.Stream stream) {
        stream.works();
    }

    @Override
    public void line(JsonNode line, ReadAndFollow.Stream stream) {
        JsonNode object = line.path("object");
        switch (line.path("type").asText("")) {
            case "ADDED", "MODIFIED" -> {
                EndpointSlice slice = EndpointSlice.of(object);
                byName.put(slice.name(), slice);
                stream.changed();
            }
            case "DELETED" -> {
                byName.remove(EndpointSlice.name(object));
                stream.changed();
            }
            case "BOOKMARK" -> {}
            case "ERROR" -> {
                stream.end(trouble(object.path("code").asInt(500), object));
                return;
            }
            default ->
                throw new IllegalArgumentException("event of type '"
                        + line.path("type").asText("") + "' (expected: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR)");
        }
        version = object.path("metadata").path("resourceVersion").asText(version);
    }

    @Override
    public ReadAndFollow.Known known() {
        if (byName.isEmpty()) {
            return new ReadAndFollow.Known(
                    List.of(),
                    List.of(),
                    "namespace " + service.namespace() + " has no EndpointSlice with the label"
                            + " kubernetes.io/service-name=" + service.service());
        }
        SliceMerger merger = new SliceMerger(service, rules);
        List<ServiceInstance> instances = merger.merge(byName.values());
        return new ReadAndFollow.Known(instances, new ArrayList<>(merger.complaints()), null);
    }
}
