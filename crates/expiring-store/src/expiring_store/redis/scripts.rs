//! The scripts. `KEYS[1]` is the key; arguments are a member, if any, and a time in milliseconds.
//!
//! In sets a score is the last millisecond of a member's time, as it is the last of a key's. Instants are written
//! with `%.0f` because Lua would round thirteen digits.

/// The value and the time it has left.
pub(super) const GET: &str = "\
local value = redis.call('GET', KEYS[1])
if not value then return false end
return {value, redis.call('PTTL', KEYS[1])}";

/// The count.
pub(super) const COUNT: &str = "\
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count";

macro_rules! set_script {
    ($body:literal) => {
        concat!(
            "\
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now))
local function live(member, ttl)
    redis.call('ZADD', KEYS[1], string.format('%.0f', now + ttl), member)
end
local function expire_with_the_last()
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
    if last then redis.call('PEXPIREAT', KEYS[1], last) end
end
",
            $body
        )
    };
}

/// Whether the set was empty.
pub(super) const JOIN: &str = set_script!(
    "\
local first = redis.call('EXISTS', KEYS[1]) == 0
live(ARGV[1], ARGV[2])
expire_with_the_last()
return first and 1 or 0"
);

/// Whether this emptied the set.
pub(super) const LEAVE: &str = set_script!(
    "\
local left = redis.call('ZREM', KEYS[1], ARGV[1]) == 1
expire_with_the_last()
return left and redis.call('EXISTS', KEYS[1]) == 0 and 1 or 0"
);

/// Whether the member is in the set.
pub(super) const REFRESH: &str = set_script!(
    "\
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
live(ARGV[1], ARGV[2])
expire_with_the_last()
return 1"
);

/// The members.
pub(super) const MEMBERS: &str = set_script!("return redis.call('ZRANGE', KEYS[1], 0, -1)");
