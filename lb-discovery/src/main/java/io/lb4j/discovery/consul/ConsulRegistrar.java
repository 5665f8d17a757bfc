package io.lb4j.discovery.consul;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.DiscoveryUri.Secret;
import io.lb4j.discovery.Registrar;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.JsonCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/**
 * Puts a server into Consul by an agent, which should be the one on its own machine: with a check by time to live that the
 * {@linkplain io.lb4j.discovery.Registration registration} renews, and that makes it critical, so that nobody is sent there,
 * when it doesn't. Consul itself takes out what has been critical for {@link #DEFAULT_DEREGISTER_AFTER}; it looks every half
 * minute, and takes no less than one.
 *
 * <p>Zone, priority and {@code secure} go into the service's metadata, where {@link ConsulDiscovery} reads them. The weight is
 * rounded to Consul's whole numbers from 1 to 65535; where that isn't it, as with 0, which drains, the metadata has it as
 * {@code lb4j-weight} besides.
 *
 * <p>Consul lets whoever registers an id at an agent have it: of two servers with the same id the last one is listed, and
 * each registers again when the other has deregistered. Ids of different agents don't meet.
 *
 * <p>Belongs to one registration. Thread-safe.
 */
public final class ConsulRegistrar implements Registrar {
    /** After how long in a critical state Consul takes a server out, unless told otherwise: a minute. */
    public static final Duration DEFAULT_DEREGISTER_AFTER = Duration.ofMinutes(1);

    private static final MediaType JSON = MediaType.get("application/json");
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int MAX_WEIGHT = 65535;

    private final JsonCalls calls;
    private final List<String> tags;
    private final Duration deregisterAfter;
    private volatile @Nullable Call call;

    private ConsulRegistrar(Builder builder) {
        this.calls = ConsulCalls.open(builder.url, builder.token, builder.client);
        this.tags = builder.tags;
        this.deregisterAfter = builder.deregisterAfter;
    }

    /**
     * Registers with the agent at this address, everything else at its default.
     *
     * @param url as {@code http://127.0.0.1:8500}
     * @throws IllegalArgumentException if it isn't one
     */
    public static ConsulRegistrar of(String url) {
        return builder(url).build();
    }

    /** A builder with every setting but the agent's address at its default. */
    public static Builder builder(String url) {
        return new Builder(url);
    }

    @Override
    public void check(String service, ServiceInstance instance) {
        ConsulCalls.name("service", service);
        ConsulCalls.name("id", instance.id());
    }

    @Override
    public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        byte[] body = InstanceWriter.toBytes(json -> write(service, instance, ttl, json));
        Request.Builder request = put(Map.of("replace-existing-checks", "true"), body, "register");
        ask(request, ttl, new Reply(answer, false) {
            @Override
            void ok() {
                // Registering again keeps the check's state, which may be critical; a renewal ends that.
                renew(service, instance, ttl, answer);
            }
        });
    }

    @Override
    public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        ask(put(Map.of(), new byte[0], "check", "pass", "service:" + instance.id()), ttl, new Reply(answer, true) {
            @Override
            void ok() {
                answer.held(ttl);
            }
        });
    }

    private abstract class Reply implements JsonCalls.Handler {
        private final Answer answer;

        private final boolean renewal;

        Reply(Answer answer, boolean renewal) {
            this.answer = answer;
            this.renewal = renewal;
        }

        abstract void ok();

        @Override
        public void answered(int status, Headers headers, JsonNode body) {
            if (status == 200) {
                ok();
            } else if (renewal && isForgotten(status, body)) {
                answer.forgotten(String.valueOf(calls.unexpected(status, body).getMessage()));
            } else if (status >= 400 && status < 500) {
                answer.refused(String.valueOf(calls.unexpected(status, body).getMessage()));
            } else {
                answer.failed(calls.unexpected(status, body));
            }
        }

        @Override
        public void failed(IOException error) {
            answer.failed(error);
        }
    }

    /** The agent says it with 500 up to 1.10, with 404 since. */
    private static boolean isForgotten(int status, JsonNode body) {
        String words = body.asText("");
        return status == 404 || (status == 500 && (words.contains("does not have") || words.contains("Unknown check")));
    }

    private void ask(Request.Builder request, Duration ttl, Reply reply) {
        Duration third = ttl.dividedBy(3);
        call = calls.ask(request, third.compareTo(PATIENCE) < 0 ? third : PATIENCE, reply);
    }

    private Request.Builder put(Map<String, String> query, byte[] body, String... path) {
        String prefix = path[0].equals("check") ? "v1/agent" : "v1/agent/service";
        return new Request.Builder().url(calls.path(prefix, query, path)).put(RequestBody.create(body, JSON));
    }

    private void write(String service, ServiceInstance instance, Duration ttl, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeStringField("ID", instance.id());
        json.writeStringField("Name", service);
        json.writeStringField("Address", instance.host());
        json.writeNumberField("Port", instance.port());
        json.writeArrayFieldStart("Tags");
        for (String tag : tags) {
            json.writeString(tag);
        }
        json.writeEndArray();
        json.writeObjectFieldStart("Meta");
        for (Map.Entry<String, String> entry : metadata(instance).entrySet()) {
            json.writeStringField(entry.getKey(), entry.getValue());
        }
        json.writeEndObject();
        int weight = weight(instance);
        json.writeObjectFieldStart("Weights");
        json.writeNumberField("Passing", weight);
        json.writeNumberField("Warning", weight);
        json.writeEndObject();
        json.writeObjectFieldStart("Check");
        json.writeStringField("TTL", ttl.toMillis() + "ms");
        // Listed at once, not only by the first renewal.
        json.writeStringField("Status", "passing");
        json.writeStringField("DeregisterCriticalServiceAfter", deregisterAfter.toMillis() + "ms");
        json.writeEndObject();
        json.writeEndObject();
    }

    private static int weight(ServiceInstance instance) {
        return (int) Math.max(1, Math.min(MAX_WEIGHT, Math.round(instance.weight())));
    }

    private static Map<String, String> metadata(ServiceInstance instance) {
        Map<String, String> all = new TreeMap<>(instance.metadata());
        if (instance.zone() != null) {
            all.put("zone", instance.zone());
        }
        if (instance.priority() != 0) {
            all.put("priority", Integer.toString(instance.priority()));
        }
        if (instance.secure()) {
            all.put("secure", "true");
        }
        if (instance.weight() != weight(instance)) {
            all.put(ConsulEntries.WEIGHT, Double.toString(instance.weight()));
        }
        return all;
    }

    @Override
    public void cancel() {
        Call pending = call;
        if (pending != null) {
            pending.cancel();
        }
    }

    @Override
    public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        int status = calls.askNow(put(Map.of(), new byte[0], "deregister", instance.id()), atMost);
        if (status != 200 && status != 404) {
            throw new IOException(calls + ": answered " + status + " to the deregistration of " + instance.id());
        }
    }

    @Override
    public void close() {
        calls.close();
    }

    @Override
    public String toString() {
        return calls.toString();
    }

    /** Collects the settings of a {@link ConsulRegistrar}. Not thread-safe. */
    public static final class Builder {
        private final String url;
        private @Nullable Secret token;
        private @Nullable OkHttpClient client;
        private List<String> tags = List.of();
        private Duration deregisterAfter = DEFAULT_DEREGISTER_AFTER;

        private Builder(String url) {
            this.url = Objects.requireNonNull(url, "url");
        }

        /** Sets the ACL token; default none. It is sent over HTTPS or to a loopback address only. */
        public Builder token(String value) {
            Objects.requireNonNull(value, "token");
            return token(() -> value);
        }

        /** Sets where the ACL token is read, anew for each request, as tokens are rotated; default none. */
        public Builder token(Secret value) {
            this.token = Objects.requireNonNull(value, "token");
            return this;
        }

        /** Sets the client to start from, for TLS or a proxy; default a new one. It is not closed. */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /** Sets the service's tags; default none. */
        public Builder tags(String... value) {
            this.tags = List.of(value);
            return this;
        }

        /**
         * Sets after how long in a critical state Consul takes the server out; default {@link #DEFAULT_DEREGISTER_AFTER}.
         *
         * @throws IllegalArgumentException unless 1 minute to 7 days; Consul takes no less
         */
        public Builder deregisterAfter(Duration value) {
            this.deregisterAfter = Durations.check("deregisterAfter", value, Duration.ofMinutes(1), Duration.ofDays(7));
            return this;
        }

        /**
         * Builds the registrar. It asks nothing before its registration starts.
         *
         * @throws IllegalArgumentException if the URL is malformed, or the token would be sent in the clear
         */
        public ConsulRegistrar build() {
            return new ConsulRegistrar(this);
        }
    }
}
