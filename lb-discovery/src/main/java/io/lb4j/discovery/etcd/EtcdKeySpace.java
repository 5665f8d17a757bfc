package io.lb4j.discovery.etcd;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.Questions;
import io.lb4j.discovery.internal.ReadAndFollow;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** The keys of one service, read at a revision and followed from there. */
final class EtcdKeySpace implements ReadAndFollow.Source {
    private final EtcdCluster cluster;
    private final String prefix;
    private final Duration patience;
    private final EtcdEntries entries;
    private boolean everAny;

    /** Where the stream comes from. The cluster's may be another by now, since all services share it. */
    private JsonCalls followed;

    EtcdKeySpace(EtcdCluster cluster, String prefix, Duration patience) {
        this.cluster = cluster;
        this.prefix = prefix;
        this.patience = patience;
        this.entries = new EtcdEntries(prefix);
        this.followed = cluster.member();
    }

    @Override
    public Questions.Pending read(ReadAndFollow.Reading reading) {
        return cluster.ask(
                "kv/range",
                json -> {
                    json.writeStartObject();
                    EtcdJson.writePrefix(json, prefix);
                    json.writeEndObject();
                },
                patience,
                new EtcdCluster.Handler() {
                    @Override
                    public void answered(JsonNode body) {
                        entries.replace(body);
                        reading.done();
                    }

                    @Override
                    public void refused(int status, String message) {
                        reading.failed(new IOException(message));
                    }

                    @Override
                    public void failed(IOException error) {
                        reading.failed(error);
                    }
                });
    }

    @Override
    public ReadAndFollow.Question follow() {
        JsonCalls member = cluster.member();
        followed = member;
        return new ReadAndFollow.Question(
                member,
                EtcdCluster.request(member, "watch", json -> {
                            json.writeStartObject();
                            json.writeObjectFieldStart("create_request");
                            EtcdJson.writePrefix(json, prefix);
                            json.writeStringField("start_revision", Long.toString(entries.revision() + 1));
                            json.writeBooleanField("progress_notify", true);
                            json.writeEndObject();
                            json.writeEndObject();
                        })
                        // A member that is cut off from the others ends its streams then, instead of saying nothing for
                        // ever.
                        .header("Grpc-Metadata-hasleader", "true"));
    }

    @Override
    public void line(JsonNode line, ReadAndFollow.Stream stream) {
        JsonNode result = line.path("result");
        if (!result.isObject()) {
            failed(line.path("error").isObject() ? line.path("error") : line, stream);
        } else if (result.path("canceled").asBoolean()) {
            // With a compacted revision: what changed since is not to be had any more, but all of it is.
            String reason = result.path("cancel_reason").asText("without a reason");
            stream.end(new IOException(followed + ": ended the watch: " + reason));
        } else if (result.path("created").asBoolean()) {
            created(result, stream);
        } else if (entries.apply(result)) {
            stream.changed();
        }
    }

    /** As a member does that has lost its leader: it would let who asks it next wait, where another may answer. */
    private void failed(JsonNode error, ReadAndFollow.Stream stream) {
        IOException why = followed.unexpected(200, error);
        if (!cluster.isMatterOfToken(String.valueOf(why.getMessage()))) {
            cluster.passOver(followed);
        }
        stream.end(why);
    }

    private void created(JsonNode result, ReadAndFollow.Stream stream) {
        long at = EtcdJson.number(result.path("header"), "revision");
        if (at < entries.revision()) {
            // Fallen behind, or back without its memory: it would be silent until it has counted that far.
            stream.end(new IOException(
                    followed + ": is at revision " + at + " (expected: " + entries.revision() + " or later)"));
        } else {
            stream.works();
        }
    }

    @Override
    public ReadAndFollow.Known known() {
        // What never had a key may not be a service at all; what had some has none at present.
        everAny |= !entries.isEmpty();
        return new ReadAndFollow.Known(
                List.copyOf(entries.instances()),
                entries.complaints(),
                everAny ? null : "there is no key below " + prefix);
    }

    @Override
    public void passOver(JsonCalls member) {
        cluster.passOver(member);
    }
}
