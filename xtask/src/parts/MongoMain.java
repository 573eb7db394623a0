import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/** Arguments: the port, the file, the address if it is not 127.0.0.1. */
public class MongoMain {
    private static final Set<String> WRITES =
            Set.of("insert", "update", "delete", "findandmodify", "createindexes", "create", "drop", "dropdatabase");

    public static void main(String[] arguments) throws Exception {
        var backend = new CommittingBackend(MVStore.open(arguments[1]));
        backend.version(new Version5());
        var server = new MongoServer(backend);
        server.bind(arguments.length > 2 ? arguments[2] : "127.0.0.1", Integer.parseInt(arguments[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        Thread.currentThread().join();
    }

    /** Commits before a write is answered, so that what was acknowledged outlives SIGKILL. */
    private static final class CommittingBackend extends H2Backend {
        CommittingBackend(MVStore store) {
            super(store);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            String command = message.getDocument().keySet().iterator().next();
            if (WRITES.contains(command.toLowerCase())) {
                commit();
            }
            return answer;
        }
    }

    /** The server's own newest version reports a wire version that current drivers refuse. */
    private static final class Version5 implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    }
}
