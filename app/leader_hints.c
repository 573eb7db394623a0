/*
 * Stands in for librdkafka's handler of leaders that a broker names in the refusal of a fetch or a produce request (KIP-951).
 *
 * That handler reads further than was written when a refusal names no leader, as of a broker that has just come back, and
 * then crashes the process or spoils what is known of the partitions (librdkafka 5280, 5430). Without the hint the
 * client asks the cluster for the leader, as it does of brokers that give none. See docs/adr/015.
 */

/* `RD_KAFKA_OP_RES_HANDLED`: the caller frees what was handed over. */
static const int HANDLED = 1;

int __wrap_rd_kafka_metadata_update_op(void *client, void *hints) {
        (void)client;
        (void)hints;
        return HANDLED;
}
